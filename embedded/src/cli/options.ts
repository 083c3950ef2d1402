/** Parsers of option values, shared by the commands: each returns the value or throws commander's usage error. */
import { fieldColumns } from '@tapline/core/text/field-names';
import { InvalidArgumentError } from 'commander';
import { internalNetworks } from '@tapline/core/history/host-place';
import { parseAddress } from '@tapline/core/packet/address';
import { parseTime } from '@tapline/core/packet/time';

/** What a SOURCE may be, in the words of the help; docs/sources.md has an example of each. */
export const SOURCE_HELP =
  'capture file (pcap or pcapng, plain, gz or zst), a directory of captures, - for standard input, an http:, https: or gs: address, tcp://HOST:PORT to connect to, or listen://HOST:PORT to wait for one sender';
export const FOLLOW_HELP =
  'go on with the captures that a program writes into the directory (tcpdump -G or -C, dumpcap -b), until Ctrl-C';

const UNIT_US: Record<string, number> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 };

/** `10s`, `500ms`, `500us`, `1m`, `1h` as microseconds. */
export function parseDurationUs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  const durationUs = match === null ? NaN : Number(match[1]) * UNIT_US[match[2]!]!;
  if (!Number.isInteger(durationUs) || durationUs <= 0)
    throw new InvalidArgumentError('use for example 10s, 1m or 1h.');
  return durationUs;
}

/** A window length: a whole number of seconds, because windows hold one-second counters. */
export function parseWindowUs(text: string): number {
  const windowUs = parseDurationUs(text);
  if (windowUs % 1e6 !== 0 || windowUs > 300e6) throw new InvalidArgumentError('use whole seconds, from 1s to 5m.');
  return windowUs;
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('use a number from 0 to 65535.');
  return port;
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Names of sensors and sessions are parts of keys and file names. */
export function parseName(text: string): string {
  if (!NAME.test(text) || text === '.' || text === '..') {
    throw new InvalidArgumentError('use 1 to 64 letters, digits, dots, dashes or underscores.');
  }
  return text;
}

/** A positive whole number, such as a row limit. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError('use a whole number of at least 1.');
  }
  return count;
}

const UNIT_BYTES: Record<string, number> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `64M`, `1G`: bytes in binary units. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT])i?B?$/i.exec(text);
  const bytes = match === null ? NaN : Math.round(Number(match[1]) * UNIT_BYTES[match[2]!.toUpperCase()]!);
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new InvalidArgumentError('use for example 64M or 1G.');
  return bytes;
}

/** An ISO 8601 time, or seconds since 1970 with a fraction, as microseconds. */
export function parseInstantUs(text: string): number {
  const epoch = /^(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text);
  if (epoch !== null) return Number(epoch[1]) * 1e6 + Number((epoch[2] ?? '').padEnd(6, '0').slice(0, 6));
  const time = parseTime(text);
  if (time !== undefined) return time.timeUs;
  throw new InvalidArgumentError('use for example 2017-07-06T13:40:00Z or 1499348400.5.');
}

/** An IP or MAC address, as it was written. */
export function parseAddressText(text: string): string {
  if (parseAddress(text) === undefined) throw new InvalidArgumentError('use an IPv4, IPv6 or MAC address.');
  return text;
}

/** An ISO 8601 time as microseconds. */
export function parseTimeUs(text: string): number {
  const time = parseTime(text);
  if (time === undefined) throw new InvalidArgumentError('use for example 2017-07-06T13:40:00Z.');
  return time.timeUs;
}

/** `0.1`, `10`: false alarms a day, above 0. */
export function parseFalseAlarms(text: string): number {
  const perDay = Number(text);
  if (!(perDay > 0 && perDay <= 1000)) throw new InvalidArgumentError('use a number above 0, at most 1000');
  return perDay;
}

/** `10.0.0.0/8,fd00::/8`, checked. */
export function parseNetworks(text: string): string {
  try {
    internalNetworks(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return text;
}

export const FIELDS_HELP = 'of tshark -T fields without -E header=y: what was given with -e, separated by commas';

/** Names of fields, separated by commas. */
export function parseFields(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  try {
    fieldColumns(names);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message.replace('--fields: ', '')}.`);
  }
  return names;
}
