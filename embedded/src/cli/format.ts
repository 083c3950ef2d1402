/** Numbers and times as people read them in a terminal. */
import type { ReplayLag } from '@tapline/capture-agent/pacer';
import { formatTime } from '@tapline/core/packet/time';

/** 1,234,567 with thousands separators; fractions are dropped. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Bytes in binary units with three significant digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value >= 100 || unit === 0 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]!}`;
}

/** `42 s`, `3 m 05 s`, `2 h 07 m`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} m`;
}

/** ISO 8601 in UTC with as many digits of the second as it takes: `2017-07-06T13:40:00Z`. */
export function formatInstant(timeUs: number): string {
  return formatTime(timeUs, 0).replace(/\.?0+Z$/, 'Z');
}

/** How far behind its schedule a replay was. */
export function formatLag({ medianMs, p99Ms, mostMs }: ReplayLag): string {
  const digits = (ms: number): string => String(Number(ms.toPrecision(2)));
  return `behind schedule by ${digits(medianMs)} ms in the median, ${digits(p99Ms)} ms at p99, ${digits(mostMs)} ms at most`;
}
