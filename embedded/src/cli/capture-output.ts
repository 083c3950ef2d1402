/** What `tapline capture` says at the end: one JSON object, or the same for people. */
import type { CaptureResult } from '@tapline/capture-agent/capture-session';
import { mirrorOf } from '@tapline/capture-agent/session-end';
import type { LoopPlan } from '@tapline/capture-agent/loop/loops';
import type { RunResult } from '../line/run-capture.ts';
import { formatBytes, formatCount, formatSeconds } from './format.ts';
import { recordLines } from './record-options.ts';
import { mirrorText } from './mirror-options.ts';
import { loopsJson, replayLines } from './run-output.ts';
import { ownUse } from './process-use.ts';

export interface CaptureRun {
  readonly source: string;
  readonly sensor: string;
  readonly session: string;
  readonly result: CaptureResult;
  readonly elapsedMs: number;
  readonly loop?: LoopPlan;
}

/** The object of `--json`; fields are only ever added. */
export function captureJson(run: CaptureRun): object {
  const { sensor, session, source, result, elapsedMs } = run;
  const { counters, batches, batchBytes, publishedPackets, spooled, complete, lag, record, fault } = result;
  const { sessions, preloaded } = result;
  return {
    sensor,
    session,
    source,
    counters,
    batches,
    batchBytes,
    publishedPackets,
    spooledBatches: spooled,
    complete,
    elapsedMs: Math.round(elapsedMs),
    packetsPerSecond: Math.round(packetsPerSecond(run)),
    ...ownUse(),
    sessions,
    ...loopsJson(loopsOf(run)),
    ...(preloaded && { preloadedBytes: preloaded.bytes }),
    ...(lag && { lag }),
    ...(record && { record }),
    ...(fault === undefined ? {} : { error: { code: fault.code, message: fault.message } }),
  };
}

/** A few lines for a terminal. */
export function captureText(run: CaptureRun): string {
  const { sensor, session, source, result, elapsedMs } = run;
  const { counters, batches, batchBytes, publishedPackets, spooled } = result;
  const loops = loopsOf(run);
  const { mirror } = mirrorOf(result.sessions);
  const lines = [
    `${source}: ${formatCount(counters.offered)} packets in ${formatSeconds(elapsedMs / 1000)}, ` +
      `${formatCount(packetsPerSecond(run))} packets/s, peak memory ${formatBytes(ownUse().peakRssBytes)}`,
    `session  ${sensor}/${session}`,
    ...replayLines({ ...result, ...(loops && { loops }) }),
    `books    offered ${formatCount(counters.offered)} = dropped ${formatCount(counters.kernelDropped)} + self ${formatCount(counters.self)}` +
      ` + filtered ${formatCount(counters.filtered)} + duplicate ${formatCount(counters.duplicate)} + sent ${formatCount(counters.sent)}`,
    `         malformed ${formatCount(counters.malformed)}, late ${formatCount(counters.late)}, ${formatBytes(counters.wireBytes)} on the wire`,
    ...(mirror === undefined ? [] : [`         ${mirrorText(mirror)}`]),
    `kafka    ${formatCount(batches)} batches, ${formatBytes(batchBytes)}; ${formatCount(publishedPackets)} packets acknowledged, ` +
      `${formatCount(spooled)} batches left in the spool`,
    ...(result.record === undefined ? [] : recordLines(result.record)),
  ];
  return `${lines.join('\n')}\n`;
}

function loopsOf({ loop, result }: CaptureRun): RunResult['loops'] {
  return loop && { done: result.sessions.length, plan: loop };
}

function packetsPerSecond({ result, elapsedMs }: CaptureRun): number {
  return elapsedMs > 0 ? (result.counters.offered / elapsedMs) * 1000 : 0;
}
