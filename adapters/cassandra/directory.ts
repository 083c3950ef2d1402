/**
 * The directory of sensors and their sessions: what every other row is found from; and the clock of arrival times. Shared
 * by the stores of one process.
 */
import type { Clock } from '@tapline/core/ports';
import { keyText } from './key-text.ts';
import { Remembered } from './remembered.ts';
import type { CassandraSession } from './session.ts';
import { timestamp } from './times.ts';

/** All sensors are in one partition: there are thousands at most. */
const SHELF = 0;
const PAGE_ROWS = 1000;

const CQL = {
  sensor: `INSERT INTO sensors (shelf, sensor, heard) VALUES (?, ?, ?)`,
  session: `INSERT INTO sessions (sensor, session, heard) VALUES (?, ?, ?)`,
  sensors: `SELECT sensor FROM sensors WHERE shelf = ?`,
  sessions: `SELECT session FROM sessions WHERE sensor = ?`,
};

export class Directory {
  readonly #session: CassandraSession;
  readonly #clock: Clock;
  readonly #known = new Remembered();

  constructor(session: CassandraSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** To be awaited before what it leads to counts as written. */
  async addSensor(sensor: string): Promise<void> {
    await this.#known.once(['sensor', sensor], () =>
      this.#session.write({ cql: CQL.sensor, values: [SHELF, sensor, this.#now()] }),
    );
  }

  async addSession(sensor: string, session: string): Promise<void> {
    await this.#known.once(['session', sensor, session], async () => {
      await this.addSensor(sensor);
      await this.#session.write({ cql: CQL.session, values: [keyText(sensor), session, this.#now()] });
    });
  }

  /** Arrival time. */
  nowUs(): number {
    return this.#clock.nowUs();
  }

  #now(): Date {
    return timestamp(this.nowUs());
  }

  /** Ascending by name. */
  async *sensors(): AsyncGenerator<string> {
    for await (const row of this.#session.rows(CQL.sensors, [SHELF], PAGE_ROWS)) yield row['sensor'] as string;
  }

  /** Ascending by name. */
  async *sessions(sensor: string): AsyncGenerator<string> {
    for await (const row of this.#session.rows(CQL.sessions, [keyText(sensor)], PAGE_ROWS)) {
      yield row['session'] as string;
    }
  }
}
