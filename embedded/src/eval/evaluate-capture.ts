/** One capture through the real line, with its truth counted on the same packets. */
import { codecs } from '@tapline/adapters/codec/codecs';
import { replaySession } from '@tapline/capture-agent/session';
import type { DetectorName } from '@tapline/core/detect/alert';
import { explainUsual } from '@tapline/core/history/explain-usual';
import { judgeCapture, type RaisedAlert } from '@tapline/core/eval/judge-alerts';
import type { Label } from '@tapline/core/eval/labels';
import type { EvaluatedCapture } from '@tapline/core/eval/make-scorecard';
import type { CaptureTruth } from '@tapline/core/eval/truth';
import { TruthCounter } from '@tapline/core/eval/truth';
import { allocateColumns } from '@tapline/core/packet/columns';
import { decodeBatch } from '@tapline/core/wire/batch';
import { DEFAULT_ALLOWED_LATENESS_US } from '@tapline/core/window/watermark';
import { audit } from '@tapline/functions/stages/audit';
import { readUsual } from '@tapline/functions/stages/read-usual';
import { Line } from '../line/line.ts';
import { openTemporaryStores, type Stores } from '../line/data-folder.ts';
import { SensorThread, type SensorMessage } from '../line/sensor.ts';
import { WatchedAlerts } from './watched-alerts.ts';

export interface CaptureJob {
  /** As the scorecard names it. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  readonly labels: readonly Label[];
  /** What is known of the truth beforehand, where the packets themselves no longer show it. */
  readonly truthOf?: (counted: CaptureTruth) => CaptureTruth;
}

export interface EvaluationRules {
  readonly windowUs: number;
  /** Only these detectors count; all when absent. */
  readonly detectors?: readonly DetectorName[];
  /** Aborting it ends the capture early. */
  readonly interrupt: AbortSignal;
  readonly onProgress: (packets: number) => void;
  /** Gets lines for people. */
  readonly warn: (line: string) => void;
  /** What the line keeps, where captures follow each other in one data folder; a temporary folder each when absent. */
  readonly stores?: Stores;
  /** Event time after which the history does not learn what is usual any more. */
  readonly learnUntilUs?: number;
}

/** The sensor that every evaluated capture is of. */
export const EVAL_SENSOR = 'eval';

/** Throws PipelineError USAGE or SOURCE when the capture cannot be opened; a fault inside it is part of the result. */
export async function evaluateCapture(job: CaptureJob, rules: EvaluationRules): Promise<EvaluatedCapture> {
  const stores = rules.stores ?? openTemporaryStores();
  try {
    return await evaluateIn(stores, job, rules);
  } finally {
    if (rules.stores === undefined) stores.close();
  }
}

async function evaluateIn(stores: Stores, job: CaptureJob, rules: EvaluationRules): Promise<EvaluatedCapture> {
  const { windowUs, interrupt, detectors } = rules;
  const session = await replaySession(job.file, { windowUs });
  const watched = new WatchedAlerts();
  const line = new Line(
    { ...stores, results: watched.watch(stores.results) },
    { windowUs, learnUntilUs: rules.learnUntilUs },
  );
  const counter = new TruthCounter(job.labels, windowUs);
  const columns = allocateColumns();
  const take = async (message: SensorMessage): Promise<void> => {
    if (message.kind === 'heartbeat') {
      await line.heartbeat(message.heartbeat);
      return;
    }
    const { count } = decodeBatch(message.bytes, codecs, columns);
    columns.count = count;
    counter.add(columns);
    await line.batch(message.bytes);
    rules.onProgress(count);
  };
  const agentJob = {
    source: job.file,
    follow: false,
    sensor: EVAL_SENSOR,
    session,
    windowUs,
    allowedLatenessUs: DEFAULT_ALLOWED_LATENESS_US,
    isChosen: true,
    preload: false,
    speed: 'top',
  } as const;
  const sensor = new SensorThread(agentJob, take, (said) => {
    rules.warn(`${job.path}: ${said}`);
  });
  const stop = (): void => {
    sensor.stop();
  };
  interrupt.addEventListener('abort', stop);
  const { fault } = await sensor.ended.finally(() => {
    interrupt.removeEventListener('abort', stop);
  });
  const { totals } = await audit({ ...stores, codecs }, { sensor: EVAL_SENSOR, session });
  const counted = counter.truth();
  const raised = await notUsual(
    watched.take().filter(({ alert }) => detectors?.includes(alert.detector) ?? true),
    stores,
  );
  return {
    path: job.path,
    judged: judgeCapture(job.truthOf?.(counted) ?? counted, raised),
    unexplained: totals.unexplained,
    ...(fault === undefined ? {} : { fault: fault.message }),
  };
}

/** Without the alerts that nobody is shown, because they are usual for their host. */
async function notUsual(raised: readonly RaisedAlert[], { results }: Pick<Stores, 'results'>): Promise<RaisedAlert[]> {
  const alerts = raised.map(({ alert }) => alert);
  const explained = explainUsual(alerts, await readUsual(alerts, results));
  return raised.filter((_, place) => explained[place]!.usual?.class !== 'usual');
}
