/**
 * Names as partition keys. A partition key that is one text may not be empty in Cassandra, and a name may: the empty name
 * is written as one NUL, and a name that begins with NUL gets another in front, so that no two names meet. Order is kept.
 */

export function keyText(name: string): string {
  return name === '' || name.startsWith('\0') ? `\0${name}` : name;
}

/** The inverse of `keyText`. */
export function nameOf(key: string): string {
  return key.startsWith('\0') ? key.slice(1) : key;
}
