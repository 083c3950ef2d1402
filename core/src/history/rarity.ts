/**
 * Rarity: an internal host speaks for long, or gets much, from a service that hardly anybody ever used. Needs to have seen
 * a hundred thousand connections and a day before it can call anything rare.
 */
import { endpoint, figure, reason } from '../detect/detector.ts';
import { protocolText } from '../kpi/protocol-text.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { hashText } from '../sketch/hash.ts';
import type { HistoryConfig } from './config.ts';
import type { PairSight } from './observations.ts';
import { RecentMap } from './recent-map.ts';
import type { SeenWindow, SlowDetector, SlowFinding } from './slow-finding.ts';

const DAY_US = 86_400e6;
/** Connections by hash of the destination's service; a collision makes the rare look less rare, never the other way. */
const BINS = 8192;

interface Talk {
  readonly firstUs: number;
  lastUs: number;
  bytesUp: number;
  bytesDown: number;
}

export class RarityMemory implements SlowDetector {
  readonly #config: HistoryConfig['rarity'];
  /** Connections of the past days, fading by a seventh each day. */
  #counts = new Float32Array(BINS);
  #total = 0;
  #day = 0;
  #firstUs = Infinity;
  /** Conversations with services that were rare when they began. */
  readonly #talks: RecentMap<Talk>;

  constructor(config: HistoryConfig['rarity']) {
    this.#config = config;
    this.#talks = new RecentMap(config.pairs);
  }

  get forgotten(): number {
    return this.#talks.forgotten;
  }

  take({ row, observations }: SeenWindow): SlowFinding[] {
    const { windowStartUs } = row;
    this.#firstUs = Math.min(this.#firstUs, windowStartUs);
    this.#fade(Math.floor(windowStartUs / DAY_US));
    const found: SlowFinding[] = [];
    for (const pair of observations.pairs) {
      const finding = this.#takePair(pair, windowStartUs);
      if (finding !== undefined) found.push(finding);
    }
    for (const pair of observations.pairs) {
      const bin = binOf(pair);
      this.#counts[bin] = Math.fround(this.#counts[bin]! + pair.flows);
      this.#total += pair.flows;
    }
    return found;
  }

  #takePair(pair: PairSight, atUs: number): SlowFinding | undefined {
    if (!pair.isSourceInternal) return undefined;
    const { surprise: floor, longUs, pauseUs, replyBytes } = this.#config;
    const key = `${pair.source}\n${pair.destination}\n${pair.port}\n${pair.protocol}`;
    const surprise = this.#surprise(pair);
    let talk = this.#talks.peek(key);
    if (talk !== undefined && pair.firstUs - talk.lastUs > pauseUs) {
      this.#talks.delete(key);
      talk = undefined;
    }
    if (talk === undefined) {
      if (surprise < floor || atUs - this.#firstUs < DAY_US) return undefined;
      talk = { firstUs: pair.firstUs, lastUs: pair.lastUs, bytesUp: 0, bytesDown: 0 };
    }
    this.#talks.set(key, talk);
    talk.lastUs = Math.max(talk.lastUs, pair.lastUs);
    talk.bytesUp += pair.bytesUp;
    talk.bytesDown += pair.bytesDown;
    const lastsUs = talk.lastUs - talk.firstUs;
    if (lastsUs <= longUs && talk.bytesDown < replyBytes) return undefined;
    const target = endpoint(pair.destination, pair.port);
    const protocol = protocolText(pair.protocol).toLowerCase();
    return {
      detector: 'rarity',
      entity: pair.source,
      subject: `${protocol} ${target}`,
      ratio: Math.max(lastsUs / longUs, talk.bytesDown / replyBytes),
      summary:
        `${pair.source} -> ${target}: ${figure(lastsUs / 60e6)} min and ${figure(talk.bytesDown / 1e6)} MB back from a service ` +
        `that fewer than one in ${figure(10 ** floor)} connections used in ${this.#config.days} days`,
      reasons: [
        reason('duration', lastsUs / 1e6, 's', longUs / 1e6),
        reason('bytes back', talk.bytesDown, 'bytes', replyBytes),
      ],
      contributors: [{ key: target, value: talk.bytesUp + talk.bytesDown, unit: 'bytes' }],
      attack: ['T1571'],
      firstUs: talk.firstUs,
      lastUs: talk.lastUs,
      filter: { host: pair.source, peer: pair.destination, ...(pair.port === 0 ? {} : { port: pair.port }), protocol },
    };
  }

  #surprise(pair: PairSight): number {
    return -Math.log10((this.#counts[binOf(pair)]! + 1) / (this.#total + 1));
  }

  #fade(day: number): void {
    if (this.#day === 0) this.#day = day;
    const days = Math.min(day - this.#day, 60);
    this.#day = Math.max(day, this.#day);
    if (days <= 0) return;
    const left = (1 - 1 / this.#config.days) ** days;
    this.#counts = this.#counts.map((count) => (count * left < 0.5 ? 0 : count * left));
    this.#total *= left;
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#talks.forgotten);
    writer.f64(this.#total);
    writer.signed(this.#day);
    writer.f64(this.#firstUs);
    const bins = [...this.#counts.keys()].filter((bin) => this.#counts[bin]! > 0);
    writer.varint(bins.length);
    let last = 0;
    for (const bin of bins) {
      writer.varint(bin - last);
      writer.f32(this.#counts[bin]!);
      last = bin;
    }
    writer.varint(this.#talks.size);
    for (const [key, { firstUs, lastUs, bytesUp, bytesDown }] of this.#talks.entries()) {
      writer.text(key);
      writer.signed(firstUs);
      writer.signed(lastUs);
      writer.varint(bytesUp);
      writer.varint(bytesDown);
    }
  }

  static decode(reader: ByteReader, config: HistoryConfig['rarity']): RarityMemory {
    const memory = new RarityMemory(config);
    const forgotten = reader.varint();
    memory.#total = reader.f64();
    memory.#day = reader.signed();
    memory.#firstUs = reader.f64();
    let bin = 0;
    for (let left = reader.bounded(BINS, 'bins'); left > 0; left--) {
      bin += reader.varint();
      if (bin >= BINS) throw reader.damage('names a bin that does not exist');
      memory.#counts[bin] = reader.f32();
    }
    for (let left = reader.bounded(config.pairs, 'conversations'); left > 0; left--) {
      const key = reader.text(200);
      const [firstUs, lastUs, bytesUp, bytesDown] = [
        reader.signed(),
        reader.signed(),
        reader.varint(),
        reader.varint(),
      ];
      memory.#talks.set(key, { firstUs, lastUs, bytesUp, bytesDown });
    }
    memory.#talks.forgotten = forgotten;
    return memory;
  }
}

function binOf({ destination, port, protocol }: PairSight): number {
  return hashText(`${destination} ${port} ${protocol}`) % BINS;
}
