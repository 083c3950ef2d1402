/**
 * The inner loops of the column codings, each over one column of one batch, always 32-bit unsigned arrays so that the
 * compiler sees one kind of array. Value arrays are shifted by one: row i is at index i + 1, and index 0 is the constant
 * 0 that a row without any predecessor is predicted from. Residuals are not shifted.
 */

/**
 * Residual of each value against the value at `reference[row]` (a shifted index), zigzag in `bits` bits.
 * Returns the bitwise OR of the residuals.
 */
export function encodeDifference(
  values: Uint32Array,
  reference: Int32Array,
  residuals: Uint32Array,
  count: number,
  bits: number,
): number {
  const shift = 32 - bits;
  let union = 0;
  for (let row = 0; row < count; row++) {
    const difference = (values[row + 1]! - values[reference[row]!]!) << shift;
    const residual = ((difference << 1) ^ (difference >> 31)) >>> shift;
    residuals[row] = residual;
    union |= residual;
  }
  return union;
}

/** Reverses encodeDifference: residuals in, values out. Bits above the column's width are left to the final store. */
export function decodeDifference(
  residuals: Uint32Array,
  reference: Int32Array,
  values: Uint32Array,
  count: number,
): void {
  for (let row = 0; row < count; row++) {
    values[row + 1] = values[reference[row]!]! + unzigzag(residuals[row]!);
  }
}

export const zigzag = (difference: number): number => ((difference << 1) ^ (difference >> 31)) >>> 0;
export const unzigzag = (residual: number): number => (residual >>> 1) ^ -(residual & 1);

/** Bitwise OR of the first `count` values. */
export function unionOf(values: Uint32Array, count: number): number {
  let union = 0;
  for (let row = 0; row < count; row++) union |= values[row]!;
  return union;
}

/** Differences between successive times as zigzag 64-bit integers, exact for every pair, cut into 16 + 16 + 32 bits. */
export function encodeTimes(
  times: Float64Array,
  low: Uint32Array,
  middle: Uint32Array,
  high: Uint32Array,
  count: number,
): void {
  let previousLow = 0;
  let previousHigh = 0;
  for (let row = 0; row < count; row++) {
    const time = times[row]!;
    const timeLow = time >>> 0;
    const timeHigh = Math.floor(time / 0x1_0000_0000) | 0;
    const borrow = timeLow < previousLow ? 1 : 0;
    const differenceLow = (timeLow - previousLow) | 0;
    const differenceHigh = (timeHigh - previousHigh - borrow) | 0;
    const sign = differenceHigh >> 31;
    const residual = (differenceLow << 1) ^ sign;
    low[row] = residual & 0xffff;
    middle[row] = residual >>> 16;
    high[row] = ((differenceHigh << 1) | (differenceLow >>> 31)) ^ sign;
    previousLow = timeLow;
    previousHigh = timeHigh;
  }
}

/** Reverses encodeTimes. */
export function decodeTimes(
  low: Uint32Array,
  middle: Uint32Array,
  high: Uint32Array,
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
