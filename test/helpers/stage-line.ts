/** The stages wired together as a process would: deliver messages in any order, then look at the digest and the books. */
import { newHash } from '@tapline/adapters/hash/sha256';
import { codecs } from '@tapline/adapters/codec/codecs';
import { MemoryHistoryStore } from '@tapline/adapters/memory/history-store';
import { MemoryLedgerStore } from '@tapline/adapters/memory/ledger-store';
import { MemoryPacketStore } from '@tapline/adapters/memory/packet-store';
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import { MemoryWindowStore } from '@tapline/adapters/memory/window-store';
import type { SqliteDatabase } from '@tapline/adapters/sqlite/database';
import { SqliteHistoryStore } from '@tapline/adapters/sqlite/history-store';
import { SqliteLedgerStore } from '@tapline/adapters/sqlite/ledger-store';
import { SqlitePacketStore } from '@tapline/adapters/sqlite/packet-store';
import { SqliteResultStore } from '@tapline/adapters/sqlite/result-store';
import { SqliteWindowStore } from '@tapline/adapters/sqlite/window-store';
import { Batcher } from '@tapline/capture-agent/batcher';
import { digest } from '@tapline/core/digest/digest';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import type { Clock } from '@tapline/core/ports';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import type { Stores as DataFolder } from '@tapline/embedded/line/data-folder';
import { Line, type LineOptions } from '@tapline/embedded/line/line';
import type { AuditReport } from '@tapline/functions/stages/audit';
import { audit } from '@tapline/functions/stages/audit';

export type Message =
  | { readonly kind: 'batch'; readonly header: BatchHeader; readonly bytes: Uint8Array }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat };

export type Stores = Omit<DataFolder, 'close'>;

export function memoryStores(clock: Clock): Stores {
  return {
    windows: new MemoryWindowStore(clock),
    packets: new MemoryPacketStore(),
    results: new MemoryResultStore(),
    ledger: new MemoryLedgerStore(),
    histories: new MemoryHistoryStore(),
  };
}

export function sqliteStores(database: SqliteDatabase, clock: Clock): Stores {
  return {
    windows: new SqliteWindowStore(database, clock),
    packets: new SqlitePacketStore(database, clock),
    results: new SqliteResultStore(database, clock),
    ledger: new SqliteLedgerStore(database),
    histories: new SqliteHistoryStore(database),
  };
}

export interface CutOptions {
  readonly sensor: string;
  readonly session: string;
  readonly windowUs: number;
  readonly arrivalUs: number;
}

/** What a sensor sends for the frames that `feed` hands to its sink. */
export function cutMessages(options: CutOptions, feed: (sink: FrameSink) => void): Message[] {
  const messages: Message[] = [];
  const codec = codecs.find(({ name }) => name === 'zstd')!;
  const batcher = new Batcher({ ...options, codec, allowedLatenessUs: 0 }, (message) => {
    if (message.kind === 'batch') messages.push(message);
    else {
      const vitals = { arrivalUs: options.arrivalUs, cpuPercent: 0, rssBytes: 0 };
      messages.push({ kind: 'heartbeat', heartbeat: { ...message.heartbeat, ...vitals } });
    }
  });
  feed(batcher);
  batcher.flush();
  batcher.heartbeat(true);
  return messages;
}

/** The product's own line over any stores and clock, with the messages of a test. */
export class StageLine {
  readonly stores: Stores;
  readonly #options: LineOptions;
  #line: Line;

  constructor(stores: Stores, clock: Clock, windowUs: number) {
    this.stores = stores;
    this.#options = { clock, windowUs, allowedLatenessUs: 0 };
    this.#line = new Line(stores, this.#options);
  }

  /** One delivery; throws what a store throws, and then the message counts as not acknowledged. */
  deliver(message: Message): Promise<void> {
    return message.kind === 'batch' ? this.#line.batch(message.bytes) : this.#line.heartbeat(message.heartbeat);
  }

  /** Windows that are still to be scored, at once even when they are incomplete. */
  async giveUp(sensor: string): Promise<void> {
    await new Line(this.stores, { ...this.#options, timeoutUs: 0 }).scoreDue(sensor);
    // What a line keeps open is valid only while nobody else scores the sensor: the next message finds a restarted one.
    this.#line = new Line(this.stores, this.#options);
  }

  digest(sensor: string): Promise<string> {
    return digest(sensor, { ...this.stores, codecs, newHash });
  }

  audit(verify = false): Promise<AuditReport> {
    return audit({ ...this.stores, codecs }, { verify });
  }
}
