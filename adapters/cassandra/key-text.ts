/** Names as partition keys that are one text, which may not be empty in Cassandra. */

/** The empty name is one NUL, and a name that begins with NUL gets another in front, so that no two names meet. */
export function keyText(name: string): string {
  return name === '' || name.startsWith('\0') ? `\0${name}` : name;
}
