/** One text per value, whatever order its keys were written in, so that equal rows hash equally on every store. */

/**
 * JSON with the keys of every object in code-unit order and numbers in JavaScript's shortest form that reads back
 * exactly. Keys in `without` are left out at the top level.
 */
export function canonical(value: unknown, without: readonly string[] = []): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([key, item]) => item !== undefined && !without.includes(key));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
