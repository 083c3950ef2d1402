/** The order every real store keeps text in: by bytes of its UTF-8, which is by code point and not JavaScript's order. */

const surrogatesLast = (unit: number): number =>
  unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit;

/** Compares by code point: negative, zero or positive. */
export function compareText(a: string, b: string): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const difference = surrogatesLast(a.charCodeAt(i)) - surrogatesLast(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
