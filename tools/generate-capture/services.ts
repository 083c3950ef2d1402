/** The TCP services of the generated network: how often each is used, how much it carries, and how its bytes look. */
import { HEADS, type Heads } from './payload.ts';

export interface Service {
  readonly name: string;
  /** Share of TCP conversations, relative to the others. */
  readonly weight: number;
  readonly port: number;
  /** Probability that the server is one of the site's own. */
  readonly inside: number;
  /** Median bytes and log-normal sigma of a message each way. */
  readonly request: readonly [median: number, sigma: number];
  readonly response: readonly [median: number, sigma: number];
  /** Mean number of request-response turns (at least one). */
  readonly turns: number;
  /** Mean pause between turns in microseconds. */
  readonly thinkUs: number;
  /** Sizes of the first turns, before the drawn ones: a TLS or SSH handshake. */
  readonly intro: readonly (readonly [request: number, response: number])[];
  readonly encrypted: boolean;
  /** What the messages of the first turn begin with, and those of later turns. */
  readonly heads: Heads;
  readonly laterHeads: Heads;
}

const NO_HEADS: Heads = [HEADS.none, HEADS.none];
const TLS_HEADS: Heads = [HEADS.tlsHello, HEADS.tlsServerHello];
const TLS_DATA: Heads = [HEADS.tlsData, HEADS.tlsData];
const HTTP_HEADS: Heads = [HEADS.httpRequest, HEADS.httpResponse];
const SSH_HEADS: Heads = [HEADS.ssh, HEADS.ssh];

const TLS_INTRO: Service['intro'] = [
  [517, 3900],
  [80, 580],
];
const SSH_INTRO: Service['intro'] = [
  [42, 42],
  [1504, 1080],
  [1208, 1564],
  [16, 44],
];

export const MIX_SERVICES: readonly Service[] = [
  service('https', 62, 443, 0.05, [620, 0.7], [7000, 1.68], 2.4, 1.8e6, TLS_INTRO, TLS_HEADS, TLS_DATA),
  service('http', 24, 80, 0.3, [410, 0.4], [6500, 1.6], 2.2, 1.2e6, [], HTTP_HEADS, HTTP_HEADS),
  service('ssh', 3, 22, 0.8, [60, 0.5], [140, 0.9], 45, 3.5e5, SSH_INTRO, SSH_HEADS, NO_HEADS),
  service('smb', 5, 445, 1, [420, 1.3], [12000, 1.7], 4, 2.5e5, [], NO_HEADS, NO_HEADS),
  service('imaps', 6, 993, 0, [90, 0.5], [900, 1.4], 5, 4e6, TLS_INTRO, TLS_HEADS, TLS_DATA),
];

/** Messages that fit a 64-byte frame with room for none of the options. */
export const SMALL_SERVICES: readonly Service[] = [
  service('keyed', 60, 22, 0.5, [6, 0.3], [6, 0.3], 14, 1e5, [], NO_HEADS, NO_HEADS),
  service('ticks', 40, 443, 0.1, [4, 0.4], [8, 0.2], 14, 5e4, [], TLS_DATA, TLS_DATA),
];

function service(
  name: string,
  weight: number,
  port: number,
  inside: number,
  request: Service['request'],
  response: Service['response'],
  turns: number,
  thinkUs: number,
  intro: Service['intro'],
  heads: Heads,
  laterHeads: Heads,
): Service {
  const encrypted = name !== 'http';
  return { name, weight, port, inside, request, response, turns, thinkUs, intro, encrypted, heads, laterHeads };
}

/** Index of a service drawn by weight; `unit` is a random number in [0, 1). */
export function drawService(services: readonly Service[], unit: number): number {
  let left = unit * services.reduce((sum, { weight }) => sum + weight, 0);
  for (let index = 0; index < services.length - 1; index++) {
    left -= services[index]!.weight;
    if (left < 0) return index;
  }
  return services.length - 1;
}
