/** Text and numbers as ASCII bytes, which is all that packet rows consist of. */

export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** Copies `text` to bytes[at …] and returns where it ends. A loop, because these texts are shorter than a call. */
export function putText(bytes: Uint8Array, at: number, text: Uint8Array): number {
  const { length } = text;
  for (let index = 0; index < length; index++) bytes[at + index] = text[index]!;
  return at + length;
}

/** Writes a whole number from 0 to 2^53 in decimal to bytes[at …] and returns where it ends. */
export function putInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value > 0x7fff_ffff) {
    const high = Math.floor(value / 1_000_000_000);
    return putDigits(bytes, putInteger(bytes, at, high), value - high * 1_000_000_000, 9);
  }
  let digits = 1;
  for (let limit = 10; limit <= value; limit *= 10) digits++;
  return putDigits(bytes, at, value, digits);
}

/** Writes `value`, below 2^31, with exactly `digits` digits to bytes[at …] and returns where it ends. */
export function putDigits(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let index = at + digits - 1; index >= at; index--) {
    const tens = (rest / 10) | 0;
    bytes[index] = 0x30 + (rest - tens * 10);
    rest = tens;
  }
  return at + digits;
}
