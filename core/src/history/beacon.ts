/**
 * Beacons (RITA's idea: a program that calls home does it at even intervals and says the same each time): connections of an
 * internal host to an external service that few others use, scored by how even their intervals and their sizes are.
 * Updates and time servers poll as evenly; the prevalence and an allow-list are what tells them apart.
 */
import { endpoint, figure, reason, rounded } from '../detect/detector.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import type { HistoryConfig } from './config.ts';
import type { PairSight } from './observations.ts';
import { RecentMap } from './recent-map.ts';
import type { SeenWindow, SlowDetector, SlowFinding } from './slow-finding.ts';

interface Calls {
  /** Whole seconds of the newest connections, ascending, each once. */
  readonly starts: number[];
  /** Mean bytes up of the connections of a window, newest last. */
  readonly sizes: number[];
}

export class BeaconMemory implements SlowDetector {
  readonly #config: HistoryConfig['beacon'];
  readonly #calls: RecentMap<Calls>;

  constructor(config: HistoryConfig['beacon']) {
    this.#config = config;
    this.#calls = new RecentMap(config.pairs);
  }

  get forgotten(): number {
    return this.#calls.forgotten;
  }

  take({ observations }: SeenWindow): SlowFinding[] {
    const touched: PairSight[] = [];
    for (const pair of observations.pairs) {
      if (pair.protocol !== IP_PROTOCOL.tcp || pair.starts.length === 0) continue;
      if (!pair.isSourceInternal || pair.isDestinationInternal) continue;
      const calls = this.#calls.touch(keyOf(pair), () => ({ starts: [], sizes: [] }));
      for (const second of pair.starts) {
        const last = calls.starts.at(-1);
        if (last === undefined || second > last) calls.starts.push(second);
      }
      calls.sizes.push(Math.round(pair.bytesUp / Math.max(1, pair.flows)));
      calls.starts.splice(0, calls.starts.length - this.#config.kept - 1);
      calls.sizes.splice(0, calls.sizes.length - this.#config.kept);
      touched.push(pair);
    }
    const enough = touched.filter(
      (pair) => (this.#calls.peek(keyOf(pair))?.starts ?? []).length > this.#config.intervals,
    );
    if (enough.length === 0) return [];
    const users = this.#users();
    return enough.flatMap((pair) => this.#judge(pair, users.get(`${pair.destination}\n${pair.port}`) ?? 0) ?? []);
  }

  #judge(pair: PairSight, users: number): SlowFinding | undefined {
    const { starts, sizes } = this.#calls.peek(keyOf(pair)) ?? { starts: [], sizes: [] };
    const intervals = starts.slice(1).map((second, index) => second - starts[index]!);
    const { intervals: least, doubt, doubtUntil, hosts, leastSeconds } = this.#config;
    if (intervals.length < least || users > hosts) return undefined;
    const doubted = doubt * Math.max(0, (doubtUntil - intervals.length) / (doubtUntil - least));
    const timeScore = this.#config.timeScore + doubted;
    const sizeScore = this.#config.sizeScore + doubted;
    const time = evenness(intervals);
    const size = evenness(sizes);
    const median = quantile(
      intervals.toSorted((a, b) => a - b),
      0.5,
    );
    if (time < timeScore || size < sizeScore || median < leastSeconds) return undefined;
    const { source, destination, port } = pair;
    const [firstS, lastS] = [starts[0]!, starts.at(-1)!];
    const target = endpoint(destination, port);
    return {
      detector: 'beacon',
      entity: source,
      subject: target,
      // 1 at the floors; 2 where every interval and every size is the same.
      ratio: 1 + Math.max(0, (time + size - timeScore - sizeScore) / (2 - timeScore - sizeScore)),
      summary:
        `${source} -> ${target}: ${figure(intervals.length + 1)} connections, one every ${figure(median)} s ` +
        `(evenness ${rounded(time)}), ${figure(
          quantile(
            sizes.toSorted((a, b) => a - b),
            0.5,
          ),
        )} bytes each ` +
        `(evenness ${rounded(size)}), used by ${users} internal host${users === 1 ? '' : 's'}`,
      reasons: [
        reason('evenness of intervals', time, 'score', rounded(timeScore)),
        reason('evenness of sizes', size, 'score', rounded(sizeScore)),
        reason('intervals', intervals.length, 'intervals', least),
      ],
      contributors: [{ key: target, value: intervals.length + 1, unit: 'connections' }],
      attack: port === 80 || port === 443 || port === 8080 ? ['T1071.001'] : ['T1095', 'T1571'],
      firstUs: firstS * 1e6,
      lastUs: Math.max(lastS * 1e6, pair.lastUs),
      filter: { host: source, peer: destination, port, protocol: 'tcp' },
    };
  }

  /** Internal hosts by the service they call. */
  #users(): Map<string, number> {
    const users = new Map<string, number>();
    for (const [key] of this.#calls.entries()) {
      const target = key.slice(key.indexOf('\n') + 1);
      users.set(target, (users.get(target) ?? 0) + 1);
    }
    return users;
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#calls.forgotten);
    writer.varint(this.#calls.size);
    for (const [key, { starts, sizes }] of this.#calls.entries()) {
      writer.text(key);
      writer.varint(starts.length);
      let last = 0;
      for (const second of starts) {
        writer.signed(second - last);
        last = second;
      }
      writer.varint(sizes.length);
      for (const size of sizes) writer.varint(size);
    }
  }

  static decode(reader: ByteReader, config: HistoryConfig['beacon']): BeaconMemory {
    const memory = new BeaconMemory(config);
    const forgotten = reader.varint();
    const pairs = reader.bounded(config.pairs, 'pairs');
    for (let i = 0; i < pairs; i++) {
      const key = reader.text(200);
      let last = 0;
      const starts = Array.from({ length: reader.bounded(config.kept + 1, 'starts') }, () => (last += reader.signed()));
      const sizes = Array.from({ length: reader.bounded(config.kept, 'sizes') }, () => reader.varint());
      memory.#calls.set(key, { starts, sizes });
    }
    memory.#calls.forgotten = forgotten;
    return memory;
  }
}

const keyOf = ({ source, destination, port }: PairSight): string => `${source}\n${destination}\n${port}`;

/**
 * RITA v5's score of regularity (analysis/beacons.go): half from the symmetry of the distribution (Bowley's skewness), half
 * from how little it strays from its median (median absolute deviation). 1 = all the same.
 */
export function evenness(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, median, high] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
  if (median <= 0) return 0;
  const isFlat = high === low || median === low || median === high;
  const skewness = isFlat ? 0 : (low + high - 2 * median) / (high - low);
  const deviations = sorted.map((value) => Math.abs(value - median)).sort((a, b) => a - b);
  const spread = Math.max(0, (median - quantile(deviations, 0.5)) / median);
  return (1 - Math.abs(skewness) + spread) / 2;
}

/** Linear between the two nearest of ascending values. */
function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? 0;
  return below + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? 0) - below);
}
