/**
 * One capture through the deployed line on this machine: agent, bridge and functions as processes of their own, over the
 * real broker, emulators and database, until the books are closed. What comes out is read back from Cassandra.
 */
import { codecs } from '@tapline/adapters/codec/codecs';
import { newHash } from '@tapline/adapters/hash/sha256';
import type { Alert } from '@tapline/core/detect/alert';
import { costOf, type CostReport } from '@tapline/core/cost/cost';
import { sumCounts, type Counts } from '@tapline/core/cost/meter';
import { digest } from '@tapline/core/digest/digest';
import { PipelineError } from '@tapline/core/errors';
import { ALL_TIME } from '@tapline/core/ports';
import type { SensorFinding } from '@tapline/core/report/sensor-health';
import type { AuditReport } from '@tapline/functions/stages/audit';
import type { ProcessUse } from '../cli/process-use.ts';
import { readHealth } from '../line/read-health.ts';
import { ChildCommand, type ChildLine } from './child-command.ts';
import { settle, type Settled } from './settle.ts';
import type { ServiceStores } from './stores.ts';

export interface ServiceRunOptions {
  /** What the command line names. */
  readonly source: string;
  /** A directory is followed. */
  readonly follow: boolean;
  readonly sensor: string;
  readonly session?: string;
  readonly windowS: number;
  readonly duplicatesWithinUs?: number;
  readonly reorderWithinUs?: number;
  readonly preload: boolean;
  readonly speed: string;
  /** Instances of each function. */
  readonly instances: number;
  readonly portBase: number;
  /** Settings as the children read them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly onProgress: (what: string) => void;
}

export interface ServiceRunResult {
  readonly session: string;
  readonly audit: AuditReport | undefined;
  readonly awaited: readonly string[];
  readonly alerts: readonly Alert[];
  readonly windows: number;
  /** What is wrong with what the sensor was given, over everything the stores hold of it. */
  readonly health: readonly SensorFinding[];
  readonly wireBytes: number;
  readonly digest: string;
  readonly elapsedMs: number;
  /** When the sensor had sent everything, milliseconds after its start; `elapsedMs` is when everything was in its place. */
  readonly capturedMs: number;
  /** Memory and CPU time of each part. The part that took the most CPU time is the one to speed up next. */
  readonly processes: Readonly<Record<string, ProcessUse>>;
  readonly counts: Counts;
  readonly cost: CostReport;
  /** Why the capture was not read to its end, if it was not. */
  readonly fault?: PipelineError;
}

/** Starts everything, carries one capture through, and stops everything again. */
export async function runOnServices(
  stores: ServiceStores,
  options: ServiceRunOptions,
  interrupt: AbortSignal,
): Promise<ServiceRunResult> {
  const { sensor, environment, onProgress } = options;
  const children = new Map<string, ChildCommand>();
  const tellProblem = problemsOnce(onProgress);
  const start = (args: readonly string[], more: { stdin?: boolean; stderr?: boolean } = {}): ChildCommand => {
    const child = new ChildCommand(args, { environment, onStderr: tellProblem, ...more });
    children.set(args[0]!, child);
    return child;
  };
  try {
    onProgress('starting the functions and the bridge');
    const { portBase, instances } = options;
    const functions = start(['functions', '--json', `--port-base=${portBase}`, `--instances=${instances}`]);
    await functions.line(({ event }) => event === 'ready');
    const bridge = start(['bridge', '--json', '--group=tapline-run', `--topics=${sensor}-pcap,${sensor}-heartbeat`]);
    const startedMs = performance.now();
    const capture = start(captureArguments(options), { stdin: options.source === '-', stderr: process.stderr.isTTY });
    const stopCapture = (): void => {
      capture.kill('SIGINT');
    };
    interrupt.addEventListener('abort', stopCapture);
    try {
      const captured = await resultOf(capture);
      const capturedMs = performance.now() - startedMs;
      const session = captured['session'] as string;
      const settled = await whileAlive(
        [functions, bridge],
        settle(stores, {
          sensor,
          session,
          idleMs: options.timeoutMs + 30_000,
          onProgress: (found) => {
            onProgress(progressText(found));
          },
          interrupt,
        }),
      );
      const elapsedMs = performance.now() - startedMs;
      const ends = await stopAll(children);
      return {
        session,
        ...settled,
        ...(await readBack(stores, sensor)),
        wireBytes: (captured['counters'] as { wireBytes: number }).wireBytes,
        elapsedMs,
        capturedMs,
        processes: usesOf(ends),
        ...costs(ends, settled),
        ...faultOf(captured),
      };
    } finally {
      interrupt.removeEventListener('abort', stopCapture);
    }
  } finally {
    await stopAll(children);
  }
}

function captureArguments(options: ServiceRunOptions): string[] {
  const { source, follow, sensor, session, windowS, duplicatesWithinUs, reorderWithinUs, preload, speed } = options;
  const what = ['capture', source, '--json', `--sensor=${sensor}`, `--window=${windowS}s`, `--speed=${speed}`];
  if (session !== undefined) what.push(`--session=${session}`);
  if (follow) what.push('--follow');
  if (duplicatesWithinUs !== undefined) what.push(`--dedup-within=${duplicatesWithinUs}us`);
  if (reorderWithinUs !== undefined) what.push(`--reorder=${reorderWithinUs}us`);
  if (preload) what.push('--preload');
  return what;
}

/** What the capture command printed when it ended; throws when it printed nothing. */
async function resultOf(capture: ChildCommand): Promise<ChildLine> {
  await capture.ended;
  const result = capture.lines.at(-1);
  if (result === undefined) throw capture.failure();
  return result;
}

function faultOf(captured: ChildLine): { fault?: PipelineError } {
  const error = captured['error'] as { code: PipelineError['code']; message: string } | undefined;
  return error === undefined ? {} : { fault: new PipelineError(error.code, error.message) };
}

/** The result of `work`, unless one of the children that it depends on ends first. */
function whileAlive<T>(children: readonly ChildCommand[], work: Promise<T>): Promise<T> {
  const deaths = children.map(async (child) => {
    await child.ended;
    throw child.failure();
  });
  return Promise.race([work, ...deaths]);
}

/** Different problems that are told; more of them say nothing new. */
const PROBLEMS_MOST = 20;

/** Tells what the log lines of functions and the notes of other children complain of, each complaint once. */
function problemsOnce(tell: (text: string) => void): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    const problem = problemOf(line);
    if (problem === undefined || told.has(problem) || told.size >= PROBLEMS_MOST) return;
    told.add(problem);
    tell(problem);
  };
}

function problemOf(line: string): string | undefined {
  if (!line.startsWith('{'))
    return /^tapline: (?:parse|window|score|report) .*(?:died|cannot)/.test(line) ? line : undefined;
  try {
    const { severity, message } = JSON.parse(line) as { severity?: string; message?: string };
    return severity === 'WARNING' || severity === 'ERROR' ? `a function says: ${message}` : undefined;
  } catch {
    return undefined;
  }
}

function progressText({ audit, awaited }: Settled): string {
  const totals = audit?.totals;
  const counts = totals === undefined ? '' : ` (sent ${totals.sent}, parsed ${totals.parsed}, stored ${totals.stored})`;
  return awaited.length === 0 ? 'everything is in its place' : `waiting for ${awaited.join(', ')}${counts}`;
}

/** In the order of the line, so that each finishes what the one before it sent. Returns what each printed last. */
async function stopAll(children: Map<string, ChildCommand>): Promise<Map<string, ChildLine>> {
  const ends = new Map<string, ChildLine>();
  for (const name of ['capture', 'bridge', 'functions']) {
    const child = children.get(name);
    if (child === undefined) continue;
    await child.stop();
    const last = child.lines.at(-1);
    if (last !== undefined) ends.set(name, last);
  }
  return ends;
}

async function readBack(
  stores: ServiceStores,
  sensor: string,
): Promise<Pick<ServiceRunResult, 'alerts' | 'windows' | 'health' | 'digest'>> {
  const { results } = stores;
  return {
    alerts: await results.alerts(sensor, ALL_TIME),
    windows: (await results.sensors()).find((known) => known.sensor === sensor)?.windows ?? 0,
    health: await readHealth(sensor, stores),
    digest: await digest(sensor, { ...stores, codecs, newHash }),
  };
}

/** What capture, bridge and the instances of each function took, as they said when they ended; instances add up. */
function usesOf(ends: ReadonlyMap<string, ChildLine>): Record<string, ProcessUse> {
  const instances = (ends.get('functions')?.['processes'] ?? []) as readonly (ProcessUse & { name: string })[];
  const said = ['capture', 'bridge'].flatMap((name) => {
    const end = ends.get(name) as (ChildLine & Partial<ProcessUse>) | undefined;
    return end?.cpuMs === undefined ? [] : [{ name, cpuMs: end.cpuMs, peakRssBytes: end.peakRssBytes ?? 0 }];
  });
  const totals: Record<string, ProcessUse> = {};
  for (const { name, cpuMs, peakRssBytes } of [...said, ...instances]) {
    const sum = totals[name] ?? { cpuMs: 0, peakRssBytes: 0 };
    totals[name] = { cpuMs: sum.cpuMs + cpuMs, peakRssBytes: sum.peakRssBytes + peakRssBytes };
  }
  return totals;
}

function costs(ends: ReadonlyMap<string, ChildLine>, { audit }: Settled): Pick<ServiceRunResult, 'counts' | 'cost'> {
  const functions = Object.values((ends.get('functions')?.['counts'] ?? {}) as Record<string, Counts>);
  const counts = sumCounts([...functions, bridgeCounts(ends.get('bridge') ?? {})]);
  return { counts, cost: costOf(counts, audit?.totals.stored ?? 0) };
}

/** What the bridge published, under the names of the counters. */
function bridgeCounts(result: ChildLine): Counts {
  const { batches = 0, rawBlocks = 0, heartbeats = 0, receipts = 0, publishedBytes = 0 } = result as Counts;
  return {
    'pubsub.messages': batches + rawBlocks + heartbeats + receipts,
    'pubsub.publishedBytes': publishedBytes,
  };
}
