/** Reads and checks the parameters of a request; whatever is wrong is a USAGE error that names the parameter. */
import type { PacketFilter } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { TimeRange } from '@tapline/core/ports';

const usage = (message: string): PipelineError => new PipelineError('USAGE', message);

/** The parameter, or undefined when it is absent or empty. */
export function text(query: URLSearchParams, name: string, most: number): string | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (value.length > most) throw usage(`${name} is longer than ${most} characters`);
  return value;
}

/** A whole number within bounds, or undefined when absent. */
export function whole(query: URLSearchParams, name: string, least: number, most: number): number | undefined {
  const value = text(query, name, 20);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^-?\d+$/u.test(value) || number < least || number > most) {
    throw usage(`${name} must be a whole number from ${least} to ${most}`);
  }
  return number;
}

/** A time in microseconds since 1970. */
export function timeUs(query: URLSearchParams, name: string): number | undefined {
  return whole(query, name, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

/** `from` and `to`, both or neither. */
export function range(query: URLSearchParams): TimeRange | undefined {
  const fromUs = timeUs(query, 'from');
  const toUs = timeUs(query, 'to');
  if (fromUs === undefined && toUs === undefined) return undefined;
  if (fromUs === undefined || toUs === undefined) throw usage('from and to belong together');
  if (toUs <= fromUs) throw usage('to must be after from');
  return { fromUs, toUs };
}

/** The sensor asked for; names are at most as long as a batch header can carry. */
export function sensorName(query: URLSearchParams): string | undefined {
  return text(query, 'sensor', 255);
}

export function pageLimit(query: URLSearchParams): number {
  return whole(query, 'limit', 1, 1000) ?? 100;
}

/** The packet filter of `host`, `peer`, `port` and `protocol` within a range; addresses are checked when it is compiled. */
export function packetFilter(query: URLSearchParams, within: TimeRange): PacketFilter {
  const host = text(query, 'host', 64);
  const peer = text(query, 'peer', 64);
  const port = whole(query, 'port', 0, 65_535);
  const protocol = text(query, 'protocol', 40);
  if (protocol !== undefined && !/^[\w.+-]+$/u.test(protocol)) throw usage('protocol must be a name such as tcp');
  return {
    ...within,
    ...(host === undefined ? {} : { host }),
    ...(peer === undefined ? {} : { peer }),
    ...(port === undefined ? {} : { port }),
    ...(protocol === undefined ? {} : { protocol }),
  };
}
