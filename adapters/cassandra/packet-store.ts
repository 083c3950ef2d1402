/**
 * PacketStore in Cassandra: every batch's bytes as one chunk, what it says of itself in a list, and, where the traffic is
 * slow enough, a row per packet. Chunk, index and packets are written first and the list last: what is listed is there.
 */
import { types } from 'cassandra-driver';
import { PipelineError } from '@tapline/core/errors';
import { allocateColumns, type PacketColumns } from '@tapline/core/packet/columns';
import type { Codec, PacketStore, StoredBatch, TimeRange } from '@tapline/core/ports';
import { createBatchScratch, decodeBatch, type BatchScratch } from '@tapline/core/wire/batch';
import { batchId, type BatchHeader } from '@tapline/core/wire/batch-header';
import type { Directory } from './directory.ts';
import { keyText } from './key-text.ts';
import { packetRows, ROWS_PER_SECOND_MOST } from './packet-rows.ts';
import { Remembered } from './remembered.ts';
import type { CassandraSession, Statement } from './session.ts';
import { bucket, bucketStart, dayOf, finite, SECOND_US, TEN_MINUTES_US, timestamp, whole } from './times.ts';

/** Sequences of one partition of `batches`. */
const PART = 1024;
const PAGE_ROWS = 500;
/** Ten minutes of a day; a batch that spans more is looked for in every search. */
const BUCKETS_MOST = 144;
/** Earlier than any packet's time: the day of batches that span more than one. */
const ANY_DAY = new types.LocalDate(1, 1, 1);
/** Names have no slashes in practice; an id with more is not tried in every way it could be cut. */
const CUTS_MOST = 32;

const CQL = {
  chunk: `INSERT INTO chunks (sensor, session, sequence, wire) VALUES (?, ?, ?, ?)`,
  getChunk: `SELECT wire FROM chunks WHERE sensor = ? AND session = ? AND sequence = ?`,
  batch: `INSERT INTO batches (sensor, session, part, sequence, first_time, last_time, packets, bytes, malformed,
    first_number, min_time_us, max_time_us, content_hash, stored_bytes, rows_kept, rows_shed, arrived)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  batches: `SELECT sequence, packets, bytes, malformed, first_number, min_time_us, max_time_us, content_hash FROM batches
    WHERE sensor = ? AND session = ? AND part = ?`,
  day: `INSERT INTO batch_days (sensor, day) VALUES (?, ?)`,
  days: `SELECT day FROM batch_days WHERE sensor = ? AND day >= ? AND day <= ?`,
  dayPart: `INSERT INTO batches_by_day (sensor, day, session, ten_minutes, part) VALUES (?, ?, ?, ?, ?)`,
  dayParts: `SELECT session, ten_minutes, part FROM batches_by_day WHERE sensor = ? AND day = ?`,
  part: `INSERT INTO batch_parts (sensor, session, part) VALUES (?, ?, ?)`,
  parts: `SELECT part FROM batch_parts WHERE sensor = ? AND session = ?`,
};

/** When packets are also kept as rows. */
export interface RowOptions {
  /** Packets per second of event time up to which a batch is; 0 = never, 9,000 at most. */
  readonly perSecond: number;
  readonly codecs: readonly Codec[];
}

export class CassandraPacketStore implements PacketStore {
  readonly #session: CassandraSession;
  readonly #directory: Directory;
  readonly #rows: RowOptions | undefined;
  readonly #known = new Remembered();
  #scratch: { readonly columns: PacketColumns; readonly coding: BatchScratch } | undefined;

  /**
   * @param rows absent: chunks only
   * @throws PipelineError USAGE when the bound on rows is one that partitions cannot hold
   */
  constructor(session: CassandraSession, directory: Directory, rows?: RowOptions) {
    if (rows !== undefined && !(rows.perSecond >= 0 && rows.perSecond <= ROWS_PER_SECOND_MOST)) {
      throw new PipelineError(
        'USAGE',
        `packets cannot be kept as rows up to ${rows.perSecond} a second: use 0 to ${ROWS_PER_SECOND_MOST}`,
      );
    }
    this.#session = session;
    this.#directory = directory;
    this.#rows = rows;
  }

  async putBatch(header: BatchHeader, wire: Uint8Array): Promise<void> {
    const { sensor, session, sequence } = header;
    const part = Math.floor(sequence / PART);
    const partitions = this.#rowsOf(header, wire);
    const bytes = Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength);
    await Promise.all([
      this.#session.write({ cql: CQL.chunk, values: [sensor, session, sequence, bytes] }),
      ...partitions.map((rows) => this.#session.writePartition(rows)),
      this.#directory.addSession(sensor, session),
      this.#addPart(header, part),
      this.#addTimes(header, part),
    ]);
    const kept = partitions.length === 0 ? 0 : header.count;
    await this.#session.write(batchRow(header, part, wire.byteLength, kept, this.#directory.nowUs()));
  }

  /** Whether a batch is kept as rows is decided by its header alone, so that each delivery of it decides the same. */
  #rowsOf(header: BatchHeader, wire: Uint8Array): Statement[][] {
    const rows = this.#rows;
    const seconds = Math.max(1, (header.maxTimeUs - header.minTimeUs) / SECOND_US);
    if (rows === undefined || header.count / seconds > rows.perSecond) return [];
    const scratch = (this.#scratch ??= { columns: allocateColumns(), coding: createBatchScratch() });
    const { sensor, session, count } = decodeBatch(wire, rows.codecs, scratch.columns, scratch.coding);
    scratch.columns.count = count;
    return packetRows(sensor, session, scratch.columns);
  }

  async #addPart({ sensor, session }: BatchHeader, part: number): Promise<void> {
    await this.#known.once(['part', sensor, session, part], () =>
      this.#session.write({ cql: CQL.part, values: [sensor, session, part] }),
    );
  }

  async #addTimes({ sensor, session, minTimeUs, maxTimeUs }: BatchHeader, part: number): Promise<void> {
    const firstUs = bucketStart(minTimeUs, TEN_MINUTES_US);
    const buckets = Math.floor((maxTimeUs - firstUs) / TEN_MINUTES_US) + 1;
    const add = (day: types.LocalDate, ten: Date): Promise<void> =>
      this.#known.once(['time', sensor, session, part, day.toString(), ten.getTime()], async () => {
        await this.#session.write({ cql: CQL.day, values: [keyText(sensor), day] });
        await this.#session.write({ cql: CQL.dayPart, values: [sensor, day, session, ten, part] });
      });
    if (buckets > BUCKETS_MOST) {
      await add(ANY_DAY, timestamp(firstUs));
      return;
    }
    const starts = Array.from({ length: buckets }, (_, i) => firstUs + i * TEN_MINUTES_US);
    await Promise.all(starts.map((startUs) => add(dayOf(startUs), timestamp(startUs))));
  }

  async getBatch(id: string): Promise<Uint8Array | undefined> {
    for (const { sensor, session, sequence } of cutId(id)) {
      const row = await this.#session.first(CQL.getChunk, [sensor, session, sequence]);
      if (row !== undefined) return row['wire'] as Buffer;
    }
    return undefined;
  }

  async *batches(sensor: string, range: TimeRange): AsyncIterable<StoredBatch> {
    const sessions = await this.#partsWithin(sensor, finite(range));
    const names = [...sessions.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const session of names) {
      for (const part of [...sessions.get(session)!].sort((a, b) => a - b)) {
        for await (const batch of this.#list(sensor, session, part)) {
          if (batch.minTimeUs < range.toUs && batch.maxTimeUs >= range.fromUs) yield batch;
        }
      }
    }
  }

  async *sessionBatches(sensor: string, session: string): AsyncIterable<StoredBatch> {
    for await (const row of this.#session.rows(CQL.parts, [sensor, session], PAGE_ROWS)) {
      yield* this.#list(sensor, session, whole(row['part']));
    }
  }

  /** Parts of sessions that may have batches within the range. Few: a part has 1,024 batches. */
  async #partsWithin(sensor: string, range: TimeRange): Promise<Map<string, Set<number>>> {
    const found = new Map<string, Set<number>>();
    const [from, to] = [bucket(range.fromUs, TEN_MINUTES_US), timestamp(range.toUs)];
    const days = await this.#session.all(CQL.days, [keyText(sensor), dayOf(range.fromUs), dayOf(range.toUs)]);
    for (const day of [ANY_DAY, ...days.map((row) => row['day'] as types.LocalDate)]) {
      for await (const row of this.#session.rows(CQL.dayParts, [sensor, day], PAGE_ROWS)) {
        const time = row['ten_minutes'] as Date;
        if (day !== ANY_DAY && (time < from || time > to)) continue;
        const session = row['session'] as string;
        let parts = found.get(session);
        if (parts === undefined) found.set(session, (parts = new Set()));
        parts.add(whole(row['part']));
      }
    }
    return found;
  }

  async *#list(sensor: string, session: string, part: number): AsyncGenerator<StoredBatch> {
    for await (const row of this.#session.rows(CQL.batches, [sensor, session, part], PAGE_ROWS)) {
      yield storedBatch(sensor, session, row);
    }
  }
}

/** Every way to read an id as sensor, session and sequence: names may hold slashes themselves. */
function* cutId(id: string): Generator<Pick<BatchHeader, 'sensor' | 'session' | 'sequence'>> {
  const last = id.lastIndexOf('/');
  const digits = id.slice(last + 1);
  if (!/^\d{1,16}$/.test(digits) || !Number.isSafeInteger(Number(digits))) return;
  let cuts = 0;
  for (let cut = id.indexOf('/'); cut >= 0 && cut < last && cuts < CUTS_MOST; cut = id.indexOf('/', cut + 1)) {
    cuts++;
    yield { sensor: id.slice(0, cut), session: id.slice(cut + 1, last), sequence: Number(digits) };
  }
}

function batchRow(header: BatchHeader, part: number, bytes: number, kept: number, nowUs: number): Statement {
  const { sensor, session, sequence, minTimeUs, maxTimeUs, count, wireBytes, malformed } = header;
  const key = [sensor, session, part, sequence];
  const counts = [timestamp(minTimeUs), timestamp(maxTimeUs), count, wireBytes, malformed];
  const exact = [header.firstNumber, minTimeUs, maxTimeUs, header.contentHash];
  return { cql: CQL.batch, values: [...key, ...counts, ...exact, bytes, kept, count - kept, timestamp(nowUs)] };
}

function storedBatch(sensor: string, session: string, row: types.Row): StoredBatch {
  const sequence = whole(row['sequence']);
  return {
    id: batchId({ sensor, session, sequence }),
    sensor,
    session,
    sequence,
    firstNumber: whole(row['first_number']),
    count: whole(row['packets']),
    wireBytes: whole(row['bytes']),
    malformed: whole(row['malformed']),
    minTimeUs: whole(row['min_time_us']),
    maxTimeUs: whole(row['max_time_us']),
    contentHash: row['content_hash'] as string,
  };
}
