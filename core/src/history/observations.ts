/**
 * What one window tells the history besides its KPIs: who spoke with whom, and who asked in vain. Small and bounded,
 * because it is kept with every window. Where there are more pairs than places, those with most bytes and then always the
 * same ones are kept (by hash), so that what is followed over hours is followed whole; the others are counted.
 */
import { ByteReader } from '../sketch/byte-reader.ts';
import { ByteWriter } from '../sketch/byte-writer.ts';
import { FLOW_TOKENS } from '../window/flow-token.ts';

const VERSION = 3;
/** The first versions with hosts and with tokens; those before are still read, without. */
const HOSTS_SINCE = 2;
const TOKENS_SINCE = 3;
export const OBSERVATION_LIMITS = {
  pairs: 512,
  heaviest: 64,
  starts: 8,
  sweeps: 256,
  contacts: 16,
  /** Hosts of all statistics together. */
  hosts: 2048,
} as const;
const NAME_LENGTH = 64;
const PORTS = 65_535;

/** What an initiator and a responder's service did in a window. */
export interface PairSight {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  /** FlowRecords protocol code. */
  readonly protocol: number;
  readonly isSourceInternal: boolean;
  readonly isDestinationInternal: boolean;
  readonly flows: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** Whole seconds since 1970 in which it was connected anew, ascending, each once. */
  readonly starts: readonly number[];
}

/** One source's failed first contacts: hosts asked for one service, or ports asked of one host. */
export interface SweepSight {
  readonly kind: 'hosts' | 'ports';
  readonly source: string;
  readonly protocol: number;
  /** The service asked for; 0 for ports. */
  readonly port: number;
  /** The host asked; empty for hosts. */
  readonly target: string;
  /** Hashes of what did not answer. */
  readonly failed: readonly number[];
  readonly answered: readonly number[];
  readonly firstUs: number;
  readonly lastUs: number;
}

/** What a detector counted of one host. */
export interface HostSight {
  /** Whose count it is: statisticKey (host-sights.ts). */
  readonly statistic: string;
  readonly entity: string;
  /** A whole number. */
  readonly value: number;
  /** The detector gave evidence about the host. */
  readonly isEvident: boolean;
}

/** Flows of one kind. */
export interface TokenSight {
  /** See flowToken. */
  readonly token: number;
  readonly flows: number;
  /** The host that most of them began at; empty when that is not known. */
  readonly host: string;
}

export interface Observations {
  /** Bytes from internal hosts to external ones, all flows. */
  readonly outboundBytes: number;
  readonly pairs: readonly PairSight[];
  readonly sweeps: readonly SweepSight[];
  readonly hosts: readonly HostSight[];
  /** Ascending by token; empty when nothing is known of the flows. */
  readonly tokens: readonly TokenSight[];
  /** Pairs, sweeps, starts, contacts and flows that found no place. */
  readonly folded: number;
}

export const NO_OBSERVATIONS: Observations = {
  outboundBytes: 0,
  pairs: [],
  sweeps: [],
  hosts: [],
  tokens: [],
  folded: 0,
};

export function encodeObservations(observations: Observations, windowStartUs: number): Uint8Array {
  const { outboundBytes, pairs, sweeps, hosts, tokens, folded } = observations;
  const writer = new ByteWriter(4096);
  const names = [
    ...new Set([
      ...pairs.flatMap(ends),
      ...sweeps.flatMap(({ source, target }) => [source, target]),
      ...hosts.flatMap(({ statistic, entity }) => [statistic, entity]),
      ...tokens.map(({ host }) => host),
    ]),
  ];
  const places = new Map(names.map((name, place) => [name, place]));
  const time = (timeUs: number): void => {
    writer.varint(Math.max(0, timeUs - windowStartUs));
  };
  const hashes = (list: readonly number[]): void => {
    writer.varint(list.length);
    for (const hash of list) writer.u32(hash);
  };
  writer.u8(VERSION);
  writer.varint(outboundBytes);
  writer.varint(folded);
  writer.varint(names.length);
  for (const name of names) writer.text(name);
  writer.varint(pairs.length);
  for (const pair of pairs) {
    writer.varint(places.get(pair.source)!);
    writer.varint(places.get(pair.destination)!);
    for (const count of [pair.port, pair.protocol, pair.flows, pair.bytesUp, pair.bytesDown]) writer.varint(count);
    writer.u8((pair.isSourceInternal ? 1 : 0) | (pair.isDestinationInternal ? 2 : 0));
    time(pair.firstUs);
    time(pair.lastUs);
    writer.varint(pair.starts.length);
    for (const second of pair.starts) writer.signed(second - Math.floor(windowStartUs / 1e6));
  }
  writer.varint(sweeps.length);
  for (const sweep of sweeps) {
    writer.u8(sweep.kind === 'hosts' ? 0 : 1);
    writer.varint(places.get(sweep.source)!);
    writer.varint(places.get(sweep.target)!);
    writer.varint(sweep.protocol);
    writer.varint(sweep.port);
    hashes(sweep.failed);
    hashes(sweep.answered);
    time(sweep.firstUs);
    time(sweep.lastUs);
  }
  writer.varint(hosts.length);
  for (const { statistic, entity, value, isEvident } of hosts) {
    writer.varint(places.get(statistic)!);
    writer.varint(places.get(entity)!);
    writer.varint(value);
    writer.u8(isEvident ? 1 : 0);
  }
  writer.varint(tokens.length);
  let last = 0;
  for (const { token, flows, host } of tokens) {
    writer.varint(token - last);
    writer.varint(flows);
    writer.varint(places.get(host)!);
    last = token;
  }
  return writer.finish();
}

const ends = ({ source, destination }: PairSight): string[] => [source, destination];

/** @throws PipelineError WIRE_CORRUPT when the bytes are damaged or of another version */
export function decodeObservations(bytes: Uint8Array, windowStartUs: number): Observations {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version < 1 || version > VERSION) throw reader.damage('of observations is of another version');
  const outboundBytes = reader.varint();
  const folded = reader.varint();
  const { pairs: pairsMost, sweeps: sweepsMost, hosts: hostsMost } = OBSERVATION_LIMITS;
  const most = 2 * (pairsMost + sweepsMost + hostsMost) + FLOW_TOKENS;
  const names = Array.from({ length: reader.bounded(most, 'names') }, () => reader.text(NAME_LENGTH));
  const name = (): string => names[reader.bounded(names.length - 1, 'as a name')]!;
  const hashes = (): number[] =>
    Array.from({ length: reader.bounded(OBSERVATION_LIMITS.contacts, 'contacts') }, () => reader.u32());
  const pairs = Array.from({ length: reader.bounded(pairsMost, 'pairs') }, (): PairSight => {
    const [source, destination] = [name(), name()];
    const port = reader.bounded(PORTS, 'as a port');
    const [protocol, flows, bytesUp, bytesDown] = [reader.varint(), reader.varint(), reader.varint(), reader.varint()];
    const places = reader.u8();
    const [firstUs, lastUs] = [windowStartUs + reader.varint(), windowStartUs + reader.varint()];
    const starts = Array.from(
      { length: reader.bounded(OBSERVATION_LIMITS.starts, 'starts') },
      () => Math.floor(windowStartUs / 1e6) + reader.signed(),
    );
    const isSourceInternal = (places & 1) !== 0;
    const isDestinationInternal = (places & 2) !== 0;
    const sums = { flows, bytesUp, bytesDown, firstUs, lastUs, starts };
    return { source, destination, port, protocol, isSourceInternal, isDestinationInternal, ...sums };
  });
  const sweeps = Array.from({ length: reader.bounded(sweepsMost, 'sweeps') }, (): SweepSight => {
    const kind = reader.u8() === 0 ? 'hosts' : 'ports';
    const [source, target, protocol] = [name(), name(), reader.varint()];
    const port = reader.bounded(PORTS, 'as a port');
    const [failed, answered] = [hashes(), hashes()];
    const [firstUs, lastUs] = [windowStartUs + reader.varint(), windowStartUs + reader.varint()];
    return { kind, source, target, protocol, port, failed, answered, firstUs, lastUs };
  });
  const count = version < HOSTS_SINCE ? 0 : reader.bounded(hostsMost, 'hosts');
  const hosts = Array.from({ length: count }, (): HostSight => ({
    statistic: name(),
    entity: name(),
    value: reader.varint(),
    isEvident: reader.u8() !== 0,
  }));
  let token = 0;
  const tokenCount = version < TOKENS_SINCE ? 0 : reader.bounded(FLOW_TOKENS, 'tokens');
  const tokens = Array.from({ length: tokenCount }, (): TokenSight => {
    token += reader.varint();
    if (token >= FLOW_TOKENS) throw reader.damage('has a token that does not exist');
    return { token, flows: reader.varint(), host: name() };
  });
  reader.end();
  return { outboundBytes, pairs, sweeps, hosts, tokens, folded };
}
