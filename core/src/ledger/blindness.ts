/**
 * Sensor blindness: a sensor that said no goodbye and sends no heartbeat sees nothing, and its silence must not be read
 * as a quiet network. Judged by arrival times alone, so it says nothing of a sensor that is only slow.
 */
import type { Alert } from '../detect/alert.ts';
import { configHash } from '../detect/config.ts';
import { hexName } from '../sketch/hash.ts';
import type { Heartbeat } from './heartbeat.ts';

const VERSION = 1;
const SECOND_US = 1_000_000;

export interface BlindnessRule {
  /** Silence after which a sensor counts as blind. */
  readonly blindAfterUs: number;
  readonly nowUs: number;
}

/**
 * The alert that the sensor of these heartbeats is blind, or undefined when it is not: it is alive, it has said goodbye,
 * or it never was there. The same silence gives the same id; its end grows with the time that passes.
 * @param heartbeats the newest heartbeat of each session of one sensor
 */
export function blindness(heartbeats: readonly Heartbeat[], rule: BlindnessRule): Alert | undefined {
  const last = newest(heartbeats);
  if (last === undefined || last.final) return undefined;
  const silentUs = rule.nowUs - last.arrivalUs;
  if (silentUs < rule.blindAfterUs) return undefined;
  const { sensor, session } = last;
  const seenUs = last.watermarkUs ?? last.arrivalUs;
  const untilUs = seenUs + silentUs;
  const silentS = Math.round(silentUs / SECOND_US);
  const afterS = Math.round(rule.blindAfterUs / SECOND_US);
  return {
    id: hexName(`${sensor}\nsensor-blind\n${session}\n${last.sequence}`),
    sensor,
    detector: 'sensor-blind',
    detectorVersion: VERSION,
    entity: sensor,
    windowStartUs: seenUs,
    windowEndUs: untilUs,
    firstPacketUs: seenUs,
    lastPacketUs: seenUs,
    severity: 'high',
    score: Math.round((silentUs / (silentUs + rule.blindAfterUs)) * 1000) / 1000,
    state: 'provisional',
    windows: 0,
    summary: `no heartbeat from ${sensor} for ${silentS} s (session ${session}): what happens there is not seen`,
    reasons: [
      {
        feature: 'silence',
        value: silentS,
        unit: 's',
        floor: afterS,
        baseline: null,
        ratio: silentUs / rule.blindAfterUs,
        contribution: 1,
      },
    ],
    contributors: [],
    attack: [],
    complete: false,
    quality: { confidence: 1, doubts: [] },
    config: configHash({ blindAfterUs: rule.blindAfterUs }),
    filter: { fromUs: seenUs, toUs: untilUs },
  };
}

/** The heartbeat that arrived last; of two at the same time, the later one of a session. */
function newest(heartbeats: readonly Heartbeat[]): Heartbeat | undefined {
  return heartbeats.reduce<Heartbeat | undefined>(
    (known, next) => (known === undefined || next.arrivalUs >= known.arrivalUs ? next : known),
    undefined,
  );
}
