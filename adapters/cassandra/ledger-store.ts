/** LedgerStore in Cassandra: what each hop accepted, each session's newest heartbeat, its minutes, and its signs of life. */
import type { types } from 'cassandra-driver';
import type { Heartbeat, MinuteCount } from '@tapline/core/ledger/heartbeat';
import { openOf } from '@tapline/core/ledger/open-heartbeats';
import { ALL_TIME, type Hop, type HopEntry, type LedgerStore } from '@tapline/core/ports';
import type { Directory } from './directory.ts';
import { keyText } from './key-text.ts';
import { Remembered } from './remembered.ts';
import type { CassandraSession, Statement } from './session.ts';
import { bucket, HOUR_US, microseconds, timestamp, timestampRange, whole } from './times.ts';

/** Sequences of one partition of `hops`. */
const PART = 4096;
const PAGE_ROWS = 1000;

const COUNTERS = 'offered, kernel_dropped, self, filtered, duplicate, sent, malformed, wire_bytes';

const CQL = {
  accept: `INSERT INTO hops (sensor, session, hop, part, sequence, packets, bytes, malformed, minutes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  part: `INSERT INTO hop_parts (sensor, session, hop, part) VALUES (?, ?, ?, ?)`,
  parts: `SELECT part FROM hop_parts WHERE sensor = ? AND session = ? AND hop = ?`,
  entries: `SELECT sequence, packets, bytes, malformed, minutes FROM hops
    WHERE sensor = ? AND session = ? AND hop = ? AND part = ?`,
  newest: `INSERT INTO last_heartbeats
    (sensor, session, sequence, arrived, watermark, last_batch, sent, final, row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  heartbeats: `SELECT row FROM last_heartbeats WHERE sensor = ?`,
  heartbeatsOf: `SELECT row FROM last_heartbeats WHERE sensor = ? AND session IN ?`,
  sign: `INSERT INTO heartbeats (sensor, hour, sent_at, session, sequence, arrived, watermark, last_batch,
    last_published, spooled, cpu_percent, rss_bytes, final, late, ${COUNTERS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  minute: `INSERT INTO minutes (sensor, session, minute, ${COUNTERS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  minutes: `SELECT minute, ${COUNTERS} FROM minutes
    WHERE sensor = ? AND session = ? AND minute >= ? AND minute < ?`,
};

export class CassandraLedgerStore implements LedgerStore {
  readonly #session: CassandraSession;
  readonly #directory: Directory;
  readonly #known = new Remembered();

  constructor(session: CassandraSession, directory: Directory) {
    this.#session = session;
    this.#directory = directory;
  }

  async accept(entry: HopEntry): Promise<void> {
    const { sensor, session, hop, sequence, packets, bytes, malformed } = entry;
    const part = Math.floor(sequence / PART);
    const minutes = entry.minutes.map((minute) => ({ ...minute, minute: timestamp(minute.minuteStartUs) }));
    await Promise.all([
      this.#directory.addSession(sensor, session),
      this.#known.once([sensor, session, hop, part], () =>
        this.#session.write({ cql: CQL.part, values: [sensor, session, hop, part] }),
      ),
      this.#session.write({
        cql: CQL.accept,
        values: [sensor, session, hop, part, sequence, packets, bytes, malformed, minutes],
      }),
    ]);
  }

  /**
   * Totals of a session only grow with its heartbeats' sequence, so whatever was announced with the highest sequence
   * stands. The sequence is the write time, and Cassandra keeps the newest by itself: no read, no lock, any order. These
   * two tables are compacted and expire without looking at write times, which is what forbids it elsewhere.
   */
  async putHeartbeat(heartbeat: Heartbeat): Promise<void> {
    const { sensor, session, sequence } = heartbeat;
    const timestampUs = sequence + 1;
    await Promise.all([
      this.#directory.addSession(sensor, session),
      this.#session.write(newestHeartbeat(heartbeat), { timestampUs }),
      this.#session.writePartition(
        heartbeat.minutes.map((minute) => minuteRow(sensor, session, minute)),
        { timestampUs },
      ),
      this.#session.write(signOfLife(heartbeat)),
    ]);
  }

  async lastHeartbeats(sensor: string, sessions?: readonly string[]): Promise<Heartbeat[]> {
    const rows =
      sessions === undefined
        ? await this.#session.all(CQL.heartbeats, [keyText(sensor)])
        : await this.#session.all(CQL.heartbeatsOf, [keyText(sensor), [...sessions]]);
    return rows.map((row) => JSON.parse(row['row'] as string) as Heartbeat);
  }

  /** One partition holds the sessions of a sensor, and all of it is read: they expire. */
  async openHeartbeats(sensor: string): Promise<Heartbeat[]> {
    return openOf(await this.lastHeartbeats(sensor));
  }

  async minutes(sensor: string, session: string, range = ALL_TIME): Promise<MinuteCount[]> {
    const rows = await this.#session.all(CQL.minutes, [sensor, session, ...timestampRange(range)]);
    return rows.map((row) => ({
      minuteStartUs: microseconds(row['minute'] as Date),
      offered: whole(row['offered']),
      kernelDropped: whole(row['kernel_dropped']),
      self: whole(row['self']),
      filtered: whole(row['filtered']),
      duplicate: whole(row['duplicate']),
      sent: whole(row['sent']),
      malformed: whole(row['malformed']),
      wireBytes: whole(row['wire_bytes']),
    }));
  }

  async *entries(sensor: string, session: string, hop: Hop): AsyncIterable<HopEntry> {
    for await (const { part } of this.#session.rows(CQL.parts, [sensor, session, hop], PAGE_ROWS)) {
      for await (const row of this.#session.rows(CQL.entries, [sensor, session, hop, part], PAGE_ROWS)) {
        yield hopEntry(sensor, session, hop, row);
      }
    }
  }

  async sessions(): Promise<{ sensor: string; session: string }[]> {
    const found: { sensor: string; session: string }[] = [];
    for await (const sensor of this.#directory.sensors()) {
      for await (const session of this.#directory.sessions(sensor)) found.push({ sensor, session });
    }
    return found;
  }
}

const time = (timeUs: number | null): Date | null => (timeUs === null ? null : timestamp(timeUs));

function newestHeartbeat(heartbeat: Heartbeat): Statement {
  const { sensor, session, sequence, arrivalUs, watermarkUs, lastBatch, counters, final } = heartbeat;
  const columns = [sequence, timestamp(arrivalUs), time(watermarkUs), lastBatch, counters.sent, final];
  return { cql: CQL.newest, values: [keyText(sensor), session, ...columns, JSON.stringify(heartbeat)] };
}

/** Under the time it was sent, which a second delivery does not change. */
function signOfLife(heartbeat: Heartbeat): Statement {
  const { sensor, session, sequence, counters } = heartbeat;
  const sentUs = heartbeat.leftUs ?? heartbeat.arrivalUs;
  const key = [sensor, bucket(sentUs, HOUR_US), timestamp(sentUs), session, sequence];
  const { arrivalUs, watermarkUs, lastBatch, lastPublished, spooled, cpuPercent, rssBytes, final } = heartbeat;
  const state = [time(arrivalUs), time(watermarkUs), lastBatch, lastPublished, spooled, cpuPercent, rssBytes, final];
  return { cql: CQL.sign, values: [...key, ...state, counters.late, ...counterValues(counters)] };
}

function minuteRow(sensor: string, session: string, minute: MinuteCount): Statement {
  return { cql: CQL.minute, values: [sensor, session, timestamp(minute.minuteStartUs), ...counterValues(minute)] };
}

/** In the order of COUNTERS. */
function counterValues(counts: Omit<MinuteCount, 'minuteStartUs'>): number[] {
  const { offered, kernelDropped, self, filtered, duplicate, sent, malformed, wireBytes } = counts;
  return [offered, kernelDropped, self, filtered, duplicate, sent, malformed, wireBytes];
}

function hopEntry(sensor: string, session: string, hop: Hop, row: types.Row): HopEntry {
  const minutes = (row['minutes'] ?? []) as { minute: Date; packets: unknown; bytes: unknown }[];
  return {
    sensor,
    session,
    sequence: whole(row['sequence']),
    hop,
    packets: whole(row['packets']),
    bytes: whole(row['bytes']),
    malformed: whole(row['malformed']),
    minutes: minutes.map(({ minute, packets, bytes }) => ({
      minuteStartUs: microseconds(minute),
      packets: whole(packets),
      bytes: whole(bytes),
    })),
  };
}
