/** `/pipeline`: the health of every sensor and of the way behind it, from heartbeats, books and the alerts about sensors. */
import { isAboutSensor } from '@tapline/core/detect/alert';
import type { SessionBooks } from '@tapline/core/ledger/books';
import { NO_COUNTERS, type Heartbeat, type SensorCounters } from '@tapline/core/ledger/heartbeat';
import type {
  LineFacts,
  PipelineReport,
  SensorPipeline,
  SensorState,
  SessionHealth,
} from '@tapline/core/report/pipeline-report';
import type { ReportPorts } from '../report.ts';
import { booksOf, summaryOf } from './books.ts';

/** Closing the books of a sensor reads its ledger, so there is a bound. */
const SENSORS_MOST = 50;
const SESSIONS_MOST = 20;

/** The function behind a hosted page may read rows and nothing else: no subscription, no bill. */
const UNKNOWN_LINE: LineFacts = {
  deadLetters: { count: null, text: 'This page cannot look into the dead letters: tapline dlq list names them.' },
  cost: {
    report: null,
    text: 'This page cannot see what the line uses: the bill of the project and its dashboard do (docs/operate.md).',
  },
};

const sessionOf = (heartbeat: Heartbeat, books: SessionBooks | undefined): SessionHealth => {
  const { lastBatch, lastPublished } = heartbeat;
  return {
    session: heartbeat.session,
    final: heartbeat.final,
    heartbeats: heartbeat.sequence,
    arrivalUs: heartbeat.arrivalUs,
    leftUs: heartbeat.leftUs ?? null,
    watermarkUs: heartbeat.watermarkUs,
    reachedUs: books?.reachedUs ?? {},
    batches: lastBatch + 1,
    unpublishedBatches: lastPublished === undefined ? null : lastBatch - lastPublished,
    spooledBatches: heartbeat.spooled ?? null,
    cpuPercent: heartbeat.cpuPercent,
    rssBytes: heartbeat.rssBytes,
  };
};

const sumCounters = (heartbeats: readonly Heartbeat[]): SensorCounters => {
  const sum: SensorCounters = { ...NO_COUNTERS };
  for (const { counters } of heartbeats) {
    for (const name of Object.keys(NO_COUNTERS) as (keyof SensorCounters)[]) sum[name] += counters[name];
  }
  return sum;
};

const sensorOf = async (ports: ReportPorts, sensor: string): Promise<SensorPipeline> => {
  const heartbeats = await ports.ledger.lastHeartbeats(sensor);
  const [blind] = (await ports.results.provisional(sensor)).filter(isAboutSensor);
  const state = (): SensorState => {
    if (blind !== undefined) return 'blind';
    if (heartbeats.length === 0) return 'silent';
    return heartbeats.every(({ final }) => final) ? 'ended' : 'alive';
  };
  const books = await booksOf(ports, sensor);
  const booksBySession = new Map(books.map((of) => [of.session, of]));
  const newestFirst = heartbeats.toSorted((a, b) => b.arrivalUs - a.arrivalUs);
  return {
    sensor,
    state: state(),
    blindSinceUs: blind?.windowStartUs ?? null,
    books: summaryOf(books),
    counters: sumCounters(heartbeats),
    sessions: newestFirst
      .slice(0, SESSIONS_MOST)
      .map((heartbeat) => sessionOf(heartbeat, booksBySession.get(heartbeat.session))),
    sessionsLeftOff: Math.max(0, heartbeats.length - SESSIONS_MOST),
  };
};

export async function pipelineReport(ports: ReportPorts): Promise<PipelineReport> {
  const names = [...new Set((await ports.ledger.sessions()).map(({ sensor }) => sensor))];
  const sensors: SensorPipeline[] = [];
  for (const name of names.slice(0, SENSORS_MOST)) sensors.push(await sensorOf(ports, name));
  return {
    version: 1,
    line: ports.line?.() ?? UNKNOWN_LINE,
    sensors,
    sensorsLeftOff: Math.max(0, names.length - SENSORS_MOST),
  };
}
