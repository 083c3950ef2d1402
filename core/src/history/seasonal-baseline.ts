/**
 * What a KPI usually is at this hour of the day: a level that follows drift, a profile of 24 hours (UTC) around it, and how
 * far the KPI usually strays, all by steps of bounded size, so that no single window teaches much.
 */
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';

const HOURS = 24;
const HOUR_US = 3_600e6;
/** A step counts at most as if the residual were so many scales. */
const CAP = 3;
const PACE = { level: 1 / 360, profile: 1 / 720, scale: 1 / 720 };
/** Mean absolute deviation times this is the standard deviation of a normal distribution. */
const MAD_TO_DEVIATION = 1.2533;
/** Smaller scales are rounding: a KPI that never changes would make anything improbable. */
const LEAST_SCALE = 0.02;

export interface Residual {
  /** In scales. */
  readonly z: number;
  /** What was expected, in the KPI's transformed unit. */
  readonly expected: number;
}

export class SeasonalBaseline {
  #count = 0;
  #level = 0;
  #scale = 0;
  readonly #profile = new Float64Array(HOURS);

  /** Windows it was learned from. */
  get windows(): number {
    return this.#count;
  }

  residual(value: number, timeUs: number): Residual {
    const expected = this.#expected(timeUs);
    return { z: (value - expected) / Math.max(LEAST_SCALE, MAD_TO_DEVIATION * this.#scale), expected };
  }

  learn(value: number, timeUs: number): void {
    this.#count++;
    if (this.#count === 1) this.#level = value;
    const { hour, next, share } = place(timeUs);
    const error = value - this.#expected(timeUs);
    const early = 1 / Math.min(this.#count, 1e6);
    // The first windows set the scale; later ones are capped by it.
    const most = this.#count < 30 ? Infinity : CAP * Math.max(LEAST_SCALE, MAD_TO_DEVIATION * this.#scale);
    const step = Math.max(-most, Math.min(most, error));
    this.#level += Math.max(PACE.level, early) * step;
    this.#scale += Math.max(PACE.scale, early) * (Math.abs(step) - this.#scale);
    this.#learnHour(hour, 1 - share, step);
    this.#learnHour(next, share, step);
  }

  #learnHour(hour: number, share: number, step: number): void {
    this.#profile[hour]! += PACE.profile * share * step;
  }

  #expected(timeUs: number): number {
    const { hour, next, share } = place(timeUs);
    return this.#level + (1 - share) * this.#profile[hour]! + share * this.#profile[next]!;
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#count);
    writer.f64(this.#level);
    writer.f64(this.#scale);
    for (let hour = 0; hour < HOURS; hour++) {
      writer.f64(this.#profile[hour]!);
    }
  }

  static decode(reader: ByteReader): SeasonalBaseline {
    const baseline = new SeasonalBaseline();
    baseline.#count = reader.varint();
    baseline.#level = reader.f64();
    baseline.#scale = reader.f64();
    for (let hour = 0; hour < HOURS; hour++) {
      baseline.#profile[hour] = reader.f64();
    }
    return baseline;
  }
}

/** The two hours around a time, whose middles it lies between, and how much the second of them counts. */
function place(timeUs: number): { readonly hour: number; readonly next: number; readonly share: number } {
  const at = timeUs / HOUR_US - 0.5;
  const whole = Math.floor(at);
  const hour = ((whole % HOURS) + HOURS) % HOURS;
  return { hour, next: (hour + 1) % HOURS, share: at - whole };
}
