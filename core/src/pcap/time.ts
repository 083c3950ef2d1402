/**
 * Event times of capture files as whole microseconds plus nanoseconds, without BigInt per packet.
 * pcapng stores a 64-bit count of units (powers of ten or of two of a second) and an offset in seconds per interface.
 */

/** Largest |timeUs| that is kept exactly; anything beyond is clamped to it (rows say so with QUALITY.timeClamped). */
export const TIME_LIMIT_US = Number.MAX_SAFE_INTEGER;

const TWO_32 = 2 ** 32;

/** `microseconds` held within the range that can be kept exactly. */
export function clampTimeUs(microseconds: number): number {
  if (microseconds >= TIME_LIMIT_US) return TIME_LIMIT_US;
  return microseconds <= -TIME_LIMIT_US ? -TIME_LIMIT_US : microseconds;
}

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

  /**
   * @param resolution the octet of if_tsresol: exponent in 7 bits, the high bit set for powers of two
   * @param offsetSeconds if_tsoffset, a signed whole number of seconds
   */
  constructor(resolution = 6, offsetSeconds = 0) {
    this.#exponent = resolution & 0x7f;
    this.#binary = (resolution & 0x80) !== 0;
    this.#offsetUs = offsetSeconds * 1e6;
  }

  /** Converts the unsigned 64-bit count of units `high * 2^32 + low`. */
  convert(high: number, low: number): void {
    if (this.#binary) this.#convertBinary(high, low);
    else if (this.#exponent <= 6) this.#setUs((high * TWO_32 + low) * 10 ** (6 - this.#exponent), 0);
    else this.#convertDecimal(high, low);
  }

  /** Long division in base 2^32, so that every intermediate value stays below 2^53. */
  #convertDecimal(high: number, low: number): void {
    let exponent = this.#exponent;
    while (exponent > 12) {
      // Truncating twice truncates once: first bring units finer than a picosecond down to picoseconds or coarser.
      const divisor = 10 ** Math.min(6, exponent - 12);
      const rest = (high % divisor) * TWO_32 + low;
      high = Math.floor(high / divisor);
      low = Math.floor(rest / divisor);
      exponent -= Math.min(6, exponent - 12);
    }
    const perMicrosecond = 10 ** (exponent - 6);
    const rest = (high % perMicrosecond) * TWO_32 + low;
    const units = rest % perMicrosecond;
    const timeNs = exponent >= 9 ? Math.floor(units / 10 ** (exponent - 9)) : units * 10 ** (9 - exponent);
    this.#setUs(Math.floor(high / perMicrosecond) * TWO_32 + Math.floor(rest / perMicrosecond), timeNs);
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
    // Beyond 2^53 neither summand is exact, so the sum means nothing but its sign.
    const exact = Math.abs(microseconds) < TIME_LIMIT_US && Math.abs(this.#offsetUs) < TIME_LIMIT_US;
    this.timeUs = exact ? clampTimeUs(sum) : sum < 0 ? -TIME_LIMIT_US : TIME_LIMIT_US;
    this.timeNs = Math.abs(this.timeUs) === TIME_LIMIT_US ? 0 : timeNs;
  }
}
