/**
 * The inner loops of the column codings, each over one column of one batch, on 32-bit signed arrays so that the compiler
 * sees one kind of array and keeps numbers in registers; all arithmetic is modulo 2^32. Value arrays are shifted by one:
 * row i is at index i + 1, and index 0 is the constant 0 that a row without any predecessor is predicted from. Residuals
 * are not shifted.
 */

export type Numbers = Uint8Array | Uint16Array | Uint32Array;
/** The same, and what the loops work on. */
export type Words = Numbers | Int32Array;

export const zigzag = (difference: number): number => (difference << 1) ^ (difference >> 31);
export const unzigzag = (residual: number): number => (residual >>> 1) ^ -(residual & 1);

/**
 * Residual of each value against the value at `reference[row]` (a shifted index), zigzag in `bits` bits.
 * Returns the bitwise OR of the residuals.
 */
export function encodeDifference(
  values: Int32Array,
  reference: Int32Array,
  residuals: Int32Array,
  count: number,
  bits: number,
): number {
  const shift = 32 - bits;
  let union = 0;
  for (let row = 0; row < count; row++) {
    const difference = ((values[row + 1]! - values[reference[row]!]!) | 0) << shift;
    const residual = ((difference << 1) ^ (difference >> 31)) >>> shift;
    residuals[row] = residual;
    union |= residual;
  }
  return union;
}

/** Reverses encodeDifference: residuals in, values out. Bits above the column's width are left to the final store. */
export function decodeDifference(
  residuals: Int32Array,
  reference: Int32Array,
  values: Int32Array,
  count: number,
): void {
  for (let row = 0; row < count; row++) {
    values[row + 1] = (values[reference[row]!]! + unzigzag(residuals[row]!)) | 0;
  }
}

/** The elements of `column` from `from` to `to` as whole 32-bit words; what does not fill a word is left out. */
function wholeWords(column: Words, from: number, to: number): Int32Array {
  const start = column.byteOffset + from * column.BYTES_PER_ELEMENT;
  return new Int32Array(column.buffer, start, ((to - from) * column.BYTES_PER_ELEMENT) >>> 2);
}

/**
 * Bitwise OR of elements [from, to), taken four bytes at a time. `from` must lie on a 4-byte boundary.
 * The result says which bits occur, and 0 says that all elements are 0.
 */
export function unionOf(column: Words, from: number, to: number): number {
  const words = wholeWords(column, from, to);
  let [a, b, c, d] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 3 < words.length; at += 4) {
    a |= words[at]!;
    b |= words[at + 1]!;
    c |= words[at + 2]!;
    d |= words[at + 3]!;
  }
  for (; at < words.length; at++) a |= words[at]!;
  const bits = column.BYTES_PER_ELEMENT * 8;
  let union = a | b | c | d;
  if (bits <= 16) union |= union >>> 16;
  if (bits === 8) union |= union >>> 8;
  if (bits < 32) union &= (1 << bits) - 1;
  for (let index = from + (words.length * 4) / column.BYTES_PER_ELEMENT; index < to; index++) union |= column[index]!;
  return union;
}

/** Whether the first `count` elements, at least one, all equal the first, compared four bytes at a time. */
export function isConstant(column: Words, count: number): boolean {
  const words = wholeWords(column, 0, count);
  const first = column[0]!;
  const bits = column.BYTES_PER_ELEMENT * 8;
  const spread = bits === 8 ? Math.imul(first, 0x0101_0101) : bits === 16 ? Math.imul(first, 0x0001_0001) : first | 0;
  let different = 0;
  for (let at = 0; at < words.length && different === 0; at++) different = words[at]! ^ spread;
  for (let index = (words.length * 4) / column.BYTES_PER_ELEMENT; index < count; index++) {
    different |= column[index]! ^ first;
  }
  return different === 0;
}

/** Differences between successive times as zigzag 64-bit integers, exact for every pair, cut into 16 + 16 + 32 bits. */
export function encodeTimes(
  times: Float64Array,
  low: Int32Array,
  middle: Int32Array,
  high: Int32Array,
  count: number,
): void {
  let previous = 0;
  for (let row = 0; row < count; row++) {
    const time = times[row]!;
    const difference = time - previous;
    if (difference >= 0 && difference < 0x4000_0000) {
      const residual = (difference << 1) | 0;
      low[row] = residual & 0xffff;
      middle[row] = residual >>> 16;
      high[row] = 0;
    } else encodeFarTime(time, previous, low, middle, high, row);
    previous = time;
  }
}

/** The same for one difference of any size, in 64-bit arithmetic by halves. */
function encodeFarTime(
  time: number,
  previous: number,
  low: Int32Array,
  middle: Int32Array,
  high: Int32Array,
  row: number,
): void {
  const timeLow = time >>> 0;
  const previousLow = previous >>> 0;
  const borrow = timeLow < previousLow ? 1 : 0;
  const differenceLow = (timeLow - previousLow) | 0;
  const differenceHigh = (Math.floor(time / 0x1_0000_0000) - Math.floor(previous / 0x1_0000_0000) - borrow) | 0;
  const sign = differenceHigh >> 31;
  const residual = (differenceLow << 1) ^ sign;
  low[row] = residual & 0xffff;
  middle[row] = residual >>> 16;
  high[row] = ((differenceHigh << 1) | (differenceLow >>> 31)) ^ sign;
}

/** Reverses encodeTimes. */
export function decodeTimes(
  low: Int32Array,
  middle: Int32Array,
  high: Int32Array,
  times: Float64Array,
  count: number,
): void {
  let timeLow = 0;
  let timeHigh = 0;
  for (let row = 0; row < count; row++) {
    const residualLow = (low[row]! & 0xffff) | (middle[row]! << 16);
    const residualHigh = high[row]!;
    const sign = -(residualLow & 1);
    const differenceLow = (((residualLow >>> 1) | (residualHigh << 31)) ^ sign) >>> 0;
    const differenceHigh = (residualHigh >>> 1) ^ sign;
    const sum = timeLow + differenceLow;
    timeLow = sum >>> 0;
    timeHigh = (timeHigh + differenceHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    times[row] = timeHigh * 0x1_0000_0000 + timeLow;
  }
}
