/** LedgerStore in SQLite: what each hop accepted, each session's newest heartbeat, and its minutes. */
import type { Heartbeat, MinuteCount } from '@tapline/core/ledger/heartbeat';
import { largerMinute } from '@tapline/core/ledger/minute';
import { ALL_TIME, type Hop, type HopEntry, type LedgerStore } from '@tapline/core/ports';
import type { SqliteDatabase } from './database.ts';

const PAGE_ROWS = 512;

const SQL = {
  accept: `INSERT OR REPLACE INTO hop VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  entries: `SELECT sequence, packets, bytes, malformed, minutes FROM hop
    WHERE sensor_id = ? AND session_id = ? AND hop = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
  putHeartbeat: `INSERT INTO heartbeat (sensor_id, session_id, sequence, row, final) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET sequence = excluded.sequence, row = excluded.row, final = excluded.final
    WHERE excluded.sequence >= sequence`,
  heartbeats: `SELECT row FROM heartbeat JOIN name ON name.id = session_id WHERE sensor_id = ? ORDER BY name.text`,
  heartbeatsOf: `SELECT row FROM json_each(?2) AS asked CROSS JOIN name ON name.text = asked.value
    CROSS JOIN heartbeat ON sensor_id = ?1 AND session_id = name.id ORDER BY name.text`,
  open: `SELECT row, name.text AS session FROM heartbeat INDEXED BY heartbeat_open
      JOIN name ON name.id = session_id WHERE sensor_id = ?1 AND final = 0
    UNION ALL SELECT * FROM (SELECT row, name.text AS session FROM heartbeat JOIN name ON name.id = session_id
      WHERE sensor_id = ?1 AND final = 1 LIMIT 1)
    ORDER BY session`,
  minute: `SELECT row FROM minute WHERE sensor_id = ? AND session_id = ? AND minute_start_us = ?`,
  putMinute: `INSERT OR REPLACE INTO minute VALUES (?, ?, ?, ?)`,
  minutes: `SELECT row FROM minute WHERE sensor_id = ? AND session_id = ?
    AND minute_start_us >= ? AND minute_start_us < ? ORDER BY minute_start_us`,
  sessions: `SELECT sensor.text AS sensor, session.text AS session
    FROM (SELECT sensor_id, session_id FROM heartbeat UNION SELECT DISTINCT sensor_id, session_id FROM hop) AS known
    JOIN name AS sensor ON sensor.id = known.sensor_id JOIN name AS session ON session.id = known.session_id
    ORDER BY sensor.text, session.text`,
};

export class SqliteLedgerStore implements LedgerStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  accept(entry: HopEntry): Promise<void> {
    return this.#database.write(() => {
      const sensorId = this.#database.nameId(entry.sensor);
      const sessionId = this.#database.nameId(entry.session);
      const { hop, sequence, packets, bytes, malformed } = entry;
      const minutes = JSON.stringify(entry.minutes);
      this.#database.statement(SQL.accept).run(sensorId, sessionId, hop, sequence, packets, bytes, malformed, minutes);
    });
  }

  putHeartbeat(heartbeat: Heartbeat): Promise<void> {
    return this.#database.write(() => {
      const sensorId = this.#database.nameId(heartbeat.sensor);
      const sessionId = this.#database.nameId(heartbeat.session);
      this.#database
        .statement(SQL.putHeartbeat)
        .run(sensorId, sessionId, heartbeat.sequence, JSON.stringify(heartbeat), heartbeat.final ? 1 : 0);
      for (const minute of heartbeat.minutes) {
        const row = this.#database.statement(SQL.minute).get(sensorId, sessionId, minute.minuteStartUs);
        const known = row && (JSON.parse(row['row'] as string) as MinuteCount);
        const larger = JSON.stringify(largerMinute(known, minute));
        this.#database.statement(SQL.putMinute).run(sensorId, sessionId, minute.minuteStartUs, larger);
      }
    });
  }

  lastHeartbeats(sensor: string, sessions?: readonly string[]): Promise<Heartbeat[]> {
    if (sessions === undefined) return this.#heartbeats(SQL.heartbeats, sensor);
    return this.#heartbeats(SQL.heartbeatsOf, sensor, JSON.stringify(sessions));
  }

  openHeartbeats(sensor: string): Promise<Heartbeat[]> {
    return this.#heartbeats(SQL.open, sensor);
  }

  #heartbeats(sql: string, sensor: string, ...values: string[]): Promise<Heartbeat[]> {
    return this.#database.read(() => {
      const rows = this.#database.statement(sql).all(this.#database.findNameId(sensor) ?? null, ...values);
      return rows.map((row) => JSON.parse(row['row'] as string) as Heartbeat);
    });
  }

  minutes(sensor: string, session: string, { fromUs, toUs } = ALL_TIME): Promise<MinuteCount[]> {
    return this.#database.read(() => {
      const place = [this.#database.findNameId(sensor) ?? null, this.#database.findNameId(session) ?? null] as const;
      const rows = this.#database.statement(SQL.minutes).all(...place, fromUs, toUs);
      return rows.map((row) => JSON.parse(row['row'] as string) as MinuteCount);
    });
  }

  async *entries(sensor: string, session: string, hop: Hop): AsyncIterable<HopEntry> {
    let after = -1;
    for (;;) {
      const page = await this.#page(sensor, session, hop, after);
      yield* page;
      if (page.length < PAGE_ROWS) return;
      after = page[page.length - 1]!.sequence;
    }
  }

  #page(sensor: string, session: string, hop: Hop, after: number): Promise<HopEntry[]> {
    return this.#database.read(() => {
      const place = [this.#database.findNameId(sensor) ?? null, this.#database.findNameId(session) ?? null] as const;
      const rows = this.#database.statement(SQL.entries).all(...place, hop, after, PAGE_ROWS);
      return rows.map((row) => ({
        sensor,
        session,
        sequence: Number(row['sequence']),
        hop,
        packets: Number(row['packets']),
        bytes: Number(row['bytes']),
        malformed: Number(row['malformed']),
        minutes: JSON.parse(row['minutes'] as string) as HopEntry['minutes'],
      }));
    });
  }

  sessions(): Promise<{ sensor: string; session: string }[]> {
    return this.#database.read(() =>
      this.#database
        .statement(SQL.sessions)
        .all()
        .map((row) => ({ sensor: row['sensor'] as string, session: row['session'] as string })),
    );
  }
}
