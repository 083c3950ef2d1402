/** Numbers with units and sensible digits: three significant ones, SI steps of 1,000, a thin space before the unit. */

const STEPS = ['', 'k', 'M', 'G', 'T', 'P'] as const;
/** Narrow no-break space: keeps number and unit together without a wide hole. */
const SPACE = '\u202f';

const threeDigits = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : 2).replace(/\.?0+$/u, '');
};

/** `1234567` → `1.23 M`, with the unit joined: `1.23 Mbit/s`. Not a number becomes an en dash. */
export function short(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return '–';
  let step = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 999.5 && step < STEPS.length - 1) {
    scaled /= 1000;
    step++;
  }
  const tail = `${STEPS[step]!}${unit}`;
  if (Math.abs(scaled) < 0.005 && scaled !== 0) return `${scaled.toPrecision(2)}${tail && SPACE + tail}`;
  return threeDigits(scaled) + (tail && SPACE + tail);
}

/** Every digit, in groups of three: `1,234,567`. */
export function whole(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(Math.round(value)).toString();
  return (value < 0 ? '−' : '') + digits.replace(/\B(?=(\d{3})+$)/gu, ',');
}

/** A share as a percentage: `4.2 %`, `<0.1 %`. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const value = share * 100;
  if (value > 0 && value < 0.1) return `<0.1${SPACE}%`;
  return `${value.toFixed(value < 10 && value % 1 !== 0 ? 1 : 0)}${SPACE}%`;
}

/** How far beyond the bar, two digits: `1.4×`, `12×`, `1.2 k×`. */
export function times(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–';
  return `${short(ratio < 10 ? Math.round(ratio * 10) / 10 : Math.round(ratio))}×`;
}

/** One of something, or many: `1 packet`, `2,300 packets`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** A measured value in its unit; counts keep their digits up to a million, sizes and rates are shortened. */
export function measured(value: number, unit: string): string {
  if (unit === 'share') return percent(value);
  if (unit === 'ratio') return times(value);
  if (unit === 'bytes' || unit === 'B') return short(value, 'B');
  if (unit === 'us' || unit === 'µs') return short(value / 1e6, 's');
  const number = Number.isInteger(value) && Math.abs(value) < 1e6 ? whole(value) : short(value);
  return unit === '' || unit === 'count' ? number : `${number} ${unit}`;
}
