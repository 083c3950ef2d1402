/**
 * Event times of capture files as whole microseconds plus nanoseconds, without BigInt per packet.
 * pcapng stores a 64-bit count of units (powers of ten or of two of a second) and an offset in seconds per interface.
 */

/**
 * Largest |timeUs| that is kept: the year 2112. Anything beyond is clamped to it (rows say so with QUALITY.timeClamped).
 * 2^52, so that a sign still fits beside it in 53 bits, less two hours, so that the end of its window does too.
 */
export const TIME_LIMIT_US = 2 ** 52 - 2 ** 33;

const TWO_32 = 2 ** 32;

/** Finest decimal unit, picoseconds, whose long division stays below 2^53. */
const FINEST_EXPONENT = 12;

/**
 * Converts the timestamps of one pcapng interface. The result is left in `timeUs` and `timeNs`, so that a packet costs no
 * object. Units finer than a nanosecond are truncated; everything coarser is exact.
 * Source: draft-ietf-opsawg-pcapng, if_tsresol (option 9) and if_tsoffset (option 14).
 */
export class TimeScale {
  timeUs = 0;
  timeNs = 0;
  readonly #exponent: number;
  readonly #binary: boolean;
  readonly #offsetUs: number;
  /** Powers of ten between the unit and the microsecond or nanosecond, so that no packet pays for computing them. */
  readonly #usPerUnit: number;
  readonly #unitsPerUs: number;
  readonly #nsPerUnit: number;
  readonly #unitsPerNs: number;

  /**
   * @param resolution the octet of if_tsresol: exponent in 7 bits, the high bit set for powers of two
   * @param offsetSeconds if_tsoffset, a signed whole number of seconds
   */
  constructor(resolution = 6, offsetSeconds = 0) {
    this.#exponent = resolution & 0x7f;
    this.#binary = (resolution & 0x80) !== 0;
    this.#offsetUs = offsetSeconds * 1e6;
    const kept = Math.min(this.#exponent, FINEST_EXPONENT);
    this.#usPerUnit = kept < 6 ? 10 ** (6 - kept) : 1;
    this.#unitsPerUs = kept < 6 ? 1 : 10 ** (kept - 6);
    this.#nsPerUnit = kept < 9 ? 10 ** (9 - kept) : 1;
    this.#unitsPerNs = kept < 9 ? 1 : 10 ** (kept - 9);
  }

  /** Converts the unsigned 64-bit count of units `high * 2^32 + low`. */
  convert(high: number, low: number): void {
    if (this.#binary) this.#convertBinary(high, low);
    else if (this.#exponent <= 6) this.#setUs((high * TWO_32 + low) * this.#usPerUnit, 0);
    else if (this.#exponent <= FINEST_EXPONENT) this.#convertDecimal(high, low);
    else this.#convertFine(high, low);
  }

  /**
   * Long division in base 2^32, so that every intermediate value stays below 2^53. Below 2^53, a - floor(a / b) * b is the
   * exact remainder and several times faster than `%` on doubles.
   */
  #convertDecimal(high: number, low: number): void {
    const perUs = this.#unitsPerUs;
    const upper = Math.floor(high / perUs);
    const rest = (high - upper * perUs) * TWO_32 + low;
    const lower = Math.floor(rest / perUs);
    const units = rest - lower * perUs;
    const timeNs = this.#unitsPerNs === 1 ? units * this.#nsPerUnit : Math.floor(units / this.#unitsPerNs);
    this.#setUs(upper * TWO_32 + lower, timeNs);
  }

  /** Brings units finer than a picosecond down to picoseconds first: truncating twice truncates once. */
  #convertFine(high: number, low: number): void {
    for (let exponent = this.#exponent; exponent > FINEST_EXPONENT; exponent -= 6) {
      const divisor = 10 ** Math.min(6, exponent - FINEST_EXPONENT);
      const rest = (high % divisor) * TWO_32 + low;
      high = Math.floor(high / divisor);
      low = Math.floor(rest / divisor);
    }
    this.#convertDecimal(high, low);
  }

  /** Fixed-point fraction times 10^6, then the rest times 10^3, truncated as Wireshark does. */
  #convertBinary(high: number, low: number): void {
    const exponent = this.#exponent;
    if (exponent <= 32) {
      const perSecond = 2 ** exponent;
      const fraction = low % perSecond;
      const seconds = high * 2 ** (32 - exponent) + Math.floor(low / perSecond);
      const microseconds = Math.floor((fraction * 1e6) / perSecond);
      const rest = fraction * 1e6 - microseconds * perSecond;
      this.#setUs(seconds * 1e6 + microseconds, Math.floor((rest * 1000) / perSecond));
      return;
    }
    const upperPerSecond = 2 ** (exponent - 32);
    const lowMicro = low * 1e6;
    const highMicro = (high % upperPerSecond) * 1e6 + Math.floor(lowMicro / TWO_32);
    const microseconds = Math.floor(highMicro / upperPerSecond);
    const lowNano = (lowMicro % TWO_32) * 1000;
    const highNano = (highMicro % upperPerSecond) * 1000 + Math.floor(lowNano / TWO_32);
    this.#setUs(Math.floor(high / upperPerSecond) * 1e6 + microseconds, Math.floor(highNano / upperPerSecond));
  }

  #setUs(microseconds: number, timeNs: number): void {
    const sum = microseconds + this.#offsetUs;
    if (microseconds < TIME_LIMIT_US && sum < TIME_LIMIT_US && sum > -TIME_LIMIT_US) {
      this.timeUs = sum;
      this.timeNs = timeNs;
    } else {
      // Beyond 2^53 the summands are not exact, so the sum means nothing but its sign.
      this.timeUs = sum < 0 ? -TIME_LIMIT_US : TIME_LIMIT_US;
      this.timeNs = 0;
    }
  }
}
