/**
 * `npm run bench -- sketches`: what each mergeable structure of a window costs: ns per update, ns per merge, bytes as they
 * are stored. Many distinct values (100,000), the worst case of each. For partials of whole batches and windows: score.ts.
 */
import { ByteWriter } from '@tapline/core/sketch/byte-writer';
import { hashWord } from '@tapline/core/sketch/hash';
import { HashedBins } from '@tapline/core/sketch/hashed-bins';
import { HyperLogLog } from '@tapline/core/sketch/hyperloglog';
import { LogHistogram } from '@tapline/core/sketch/log-histogram';
import { ThetaSet } from '@tapline/core/sketch/theta-set';
import { TokenCounts } from '@tapline/core/sketch/token-counts';
import { ArpClaims, PANE_ARP_ENTRIES } from '@tapline/core/window/arp-claims';
import { encodeArp } from '@tapline/core/window/arp-codec';
import { PANE_CONTACTS } from '@tapline/core/window/flow-bucket';
import { FLOW_TOKENS, flowToken } from '@tapline/core/window/flow-token';
import { KeyedCounts } from '@tapline/core/window/keyed-counts';
import { KEYED_LIMIT } from '@tapline/core/window/window-partial';

const UPDATES = 100_000;
const MERGES = 20;
const ROUNDS = 9;

interface Structure<T> {
  readonly name: string;
  readonly make: () => T;
  readonly update: (of: T, index: number) => void;
  readonly merge: (of: T, other: T) => void;
  readonly encode: (of: T, writer: ByteWriter) => void;
}

/** What the sketches have in common. */
interface Sketch {
  merge(other: this): void;
  encode(writer: ByteWriter): void;
}

function measureSketch<T extends Sketch>(name: string, make: () => T, update: Structure<T>['update']): void {
  const merge = (of: T, other: T): void => {
    of.merge(other);
  };
  const encode = (of: T, writer: ByteWriter): void => {
    of.encode(writer);
  };
  measure({ name, make, update, merge, encode });
}

function measure<T>(of: Structure<T>): void {
  const updateNs = bestNs(UPDATES, () => filled(of, 0));
  const other = filled(of, UPDATES);
  const sum = filled(of, 0);
  const mergeNs = bestNs(MERGES, () => {
    for (let merge = 0; merge < MERGES; merge++) of.merge(sum, other);
  });
  const writer = new ByteWriter();
  of.encode(sum, writer);
  process.stdout.write(
    `${of.name.padEnd(26)} ${updateNs.toFixed(1).padStart(8)} ns/update ${(mergeNs / 1000).toFixed(1).padStart(9)} µs/merge ${String(writer.finish().length).padStart(8)} bytes\n`,
  );
}

function filled<T>(of: Structure<T>, from: number): T {
  const made = of.make();
  for (let index = from; index < from + UPDATES; index++) of.update(made, index);
  return made;
}

/** Nanoseconds of the best round, divided among `times`. */
function bestNs(times: number, work: () => void): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    work();
    best = Math.min(best, performance.now() - started);
  }
  return (best * 1e6) / times;
}

measureSketch(
  'HyperLogLog (distinct)',
  () => new HyperLogLog(),
  (of, index) => {
    of.add(hashWord(index));
  },
);
measureSketch(
  'HashedBins (entropy)',
  () => new HashedBins(),
  (of, index) => {
    of.add(hashWord(index), 1);
  },
);
measureSketch(
  'LogHistogram (quantiles)',
  () => new LogHistogram(),
  (of, index) => {
    of.add(hashWord(index) & 0xffff);
  },
);
measureSketch(
  'ThetaSet (contacts)',
  () => new ThetaSet(PANE_CONTACTS),
  (of, index) => {
    of.add(hashWord(index));
  },
);
measureSketch(
  'TokenCounts (flow kinds)',
  () => new TokenCounts(FLOW_TOKENS),
  (of, index) => {
    of.add(flowToken(index & 1 ? 6 : 17, hashWord(index) >>> (index & 31), index & 0xffff));
  },
);
measure({
  name: 'KeyedCounts (protocols)',
  make: () => new KeyedCounts(KEYED_LIMIT),
  update: (of, index) => {
    of.add(index & 127, 1, 60);
  },
  merge: (of, other) => {
    of.merge(other);
  },
  encode: (of, writer) => {
    for (const entry of of.entries()) for (const value of entry) writer.varint(value);
  },
});
measure({
  name: 'ArpClaims (claims)',
  make: () => new ArpClaims(),
  update: (of, index) => {
    const claim = { ipv4: hashWord(index), mac: 1, requests: 1, replies: 0, announcements: 0, firstUs: 0, lastUs: 9 };
    of.add(claim);
    if (of.size >= 2 * PANE_ARP_ENTRIES) of.keep(PANE_ARP_ENTRIES);
  },
  merge: (of, other) => {
    of.merge(other);
    of.keep(PANE_ARP_ENTRIES);
  },
  encode: (of, writer) => {
    encodeArp(of, 0, writer);
  },
});
