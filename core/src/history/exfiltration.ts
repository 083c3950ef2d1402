/**
 * Exfiltration by volume: far more bytes from an internal host to one external host within an hour than came back, and more
 * than this host ever sent anyone. Only connections that the internal host opened: who serves files is not robbed.
 */
import { figure, reason } from '../detect/detector.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import type { HistoryConfig } from './config.ts';
import { RecentMap } from './recent-map.ts';
import type { SeenWindow, SlowDetector, SlowFinding } from './slow-finding.ts';

/** An hour slides in steps of ten minutes. */
const SLOT_US = 600e6;
const SLOTS = 6;
const DAY_US = 86_400e6;
const DAYS = 7;

interface Transfer {
  /** Number of the newest slot; up[0] belongs to it, up[1] to the one before it. */
  slot: number;
  readonly up: number[];
  readonly down: number[];
  firstUs: number;
}

interface Host {
  day: number;
  /** First day anything was seen of it. */
  readonly firstDay: number;
  /** The most it sent one external host in an hour, by day, today first. */
  readonly most: number[];
}

export class ExfiltrationMemory implements SlowDetector {
  readonly #config: HistoryConfig['exfiltration'];
  readonly #transfers: RecentMap<Transfer>;
  readonly #hosts: RecentMap<Host>;

  constructor(config: HistoryConfig['exfiltration']) {
    this.#config = config;
    this.#transfers = new RecentMap(config.pairs);
    this.#hosts = new RecentMap(config.hosts);
  }

  get forgotten(): number {
    return this.#transfers.forgotten + this.#hosts.forgotten;
  }

  take({ row, observations }: SeenWindow): SlowFinding[] {
    const slot = Math.floor(row.windowStartUs / SLOT_US);
    const sums = new Map<
      string,
      { source: string; peer: string; up: number; down: number; first: number; last: number }
    >();
    for (const pair of observations.pairs) {
      if (!pair.isSourceInternal || pair.isDestinationInternal) continue;
      const { source, destination: peer, bytesUp: up, bytesDown: down, firstUs: first, lastUs: last } = pair;
      const sum = sums.get(`${source}\n${peer}`);
      if (sum === undefined) sums.set(`${source}\n${peer}`, { source, peer, up, down, first, last });
      else {
        sum.up += up;
        sum.down += down;
        sum.first = Math.min(sum.first, first);
        sum.last = Math.max(sum.last, last);
      }
    }
    const found: SlowFinding[] = [];
    for (const [key, { source, peer, up, down, first, last }] of sums) {
      const transfer = this.#transfers.touch(key, () => ({ slot, up: [0], down: [0], firstUs: first }));
      const isNew = shift(transfer, slot);
      if (isNew) transfer.firstUs = first;
      transfer.up[0]! += up;
      transfer.down[0]! += down;
      const finding = this.#judge(source, peer, transfer, { row, last });
      if (finding !== undefined) found.push(finding);
    }
    return found;
  }

  #judge(
    source: string,
    peer: string,
    transfer: Transfer,
    at: Pick<SeenWindow, 'row'> & { last: number },
  ): SlowFinding | undefined {
    const { bytes, knownHostBytes, knownDays, upDown, overOwnPast } = this.#config;
    const day = Math.floor(at.row.windowStartUs / DAY_US);
    const host = this.#hosts.touch(source, () => ({ day, firstDay: day, most: [0] }));
    for (; host.day < day; host.day++) host.most.unshift(0);
    host.most.splice(DAYS);
    const up = sum(transfer.up);
    const down = sum(transfer.down);
    // Today's own hours are not what today is measured by.
    const usual = Math.max(0, ...host.most.slice(1));
    host.most[0] = Math.max(host.most[0]!, up);
    const floor = day - host.firstDay >= knownDays ? knownHostBytes : bytes;
    const bar = Math.max(floor, overOwnPast * usual);
    if (up < bar || up < upDown * down) return undefined;
    return {
      detector: 'exfiltration',
      entity: source,
      subject: peer,
      ratio: up / bar,
      summary:
        `${source} sent ${figure(up / 1e6)} MB to ${peer} within an hour, ${figure(up / Math.max(1, down))} times what came back; ` +
        (usual > 0
          ? `the most it sent one host in an hour of the days before: ${figure(usual / 1e6)} MB`
          : 'nothing is known of its days before'),
      reasons: [
        {
          ...reason('bytes out', up, 'bytes', floor),
          baseline: usual === 0 ? null : usual,
          ratio: Math.round((1000 * up) / bar) / 1000,
        },
        reason('out for each in', up / Math.max(1, down), 'bytes', upDown),
      ],
      contributors: [{ key: peer, value: up, unit: 'bytes' }],
      attack: ['T1048'],
      firstUs: transfer.firstUs,
      lastUs: at.last,
      filter: { host: source, peer },
    };
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#transfers.forgotten);
    writer.varint(this.#hosts.forgotten);
    writer.varint(this.#transfers.size);
    for (const [key, { slot, up, down, firstUs }] of this.#transfers.entries()) {
      writer.text(key);
      writer.signed(slot);
      writer.signed(firstUs);
      writer.varint(up.length);
      for (let i = 0; i < up.length; i++) {
        writer.varint(up[i]!);
        writer.varint(down[i]!);
      }
    }
    writer.varint(this.#hosts.size);
    for (const [key, { day, firstDay, most }] of this.#hosts.entries()) {
      writer.text(key);
      writer.signed(day);
      writer.signed(firstDay);
      writer.varint(most.length);
      for (const bytes of most) writer.varint(bytes);
    }
  }

  static decode(reader: ByteReader, config: HistoryConfig['exfiltration']): ExfiltrationMemory {
    const memory = new ExfiltrationMemory(config);
    const forgotten = [reader.varint(), reader.varint()] as const;
    for (let left = reader.bounded(config.pairs, 'pairs'); left > 0; left--) {
      const key = reader.text(200);
      const transfer: Transfer = { slot: reader.signed(), firstUs: reader.signed(), up: [], down: [] };
      for (let slots = reader.bounded(SLOTS, 'slots'); slots > 0; slots--) {
        transfer.up.push(reader.varint());
        transfer.down.push(reader.varint());
      }
      memory.#transfers.set(key, transfer);
    }
    for (let left = reader.bounded(config.hosts, 'hosts'); left > 0; left--) {
      const key = reader.text(200);
      const [day, firstDay] = [reader.signed(), reader.signed()];
      const most = Array.from({ length: reader.bounded(DAYS, 'days') }, () => reader.varint());
      memory.#hosts.set(key, { day, firstDay, most });
    }
    memory.#transfers.forgotten = forgotten[0];
    memory.#hosts.forgotten = forgotten[1];
    return memory;
  }
}

/** Moves a transfer on to a slot. Returns whether nothing of it is left. */
function shift(transfer: Transfer, slot: number): boolean {
  const isOver = slot - transfer.slot >= SLOTS;
  const steps = isOver ? SLOTS : slot - transfer.slot;
  for (let step = 0; step < steps; step++) {
    transfer.up.unshift(0);
    transfer.down.unshift(0);
  }
  transfer.up.splice(SLOTS);
  transfer.down.splice(SLOTS);
  transfer.slot = slot;
  return isOver;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
