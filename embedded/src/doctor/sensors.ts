/** The far end of the line: heartbeats that arrived there, and rows that were written. */
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { numberSetting } from '@tapline/core/settings/settings';
import { formatCount, formatInstant, formatSeconds } from '../cli/format.ts';
import { readHealth } from '../line/read-health.ts';
import { openRowStores, type RowStores } from '../service-line/stores.ts';
import { fail, ok, warn, type Check, type Finding, type Visit } from './check.ts';

/** A sensor that has been silent for longer was taken away rather than lost. */
const GONE_MS = 86_400_000;
const SENSORS_AT_MOST = 20;
/** How much of the newest traffic is judged. */
const MIRROR_SECONDS = 600;
const LOOK = 'look at tapline capture on the sensor, then at the hops above';

export const heartbeats: Check = {
  name: 'heartbeats',
  needs: ['schema'],
  advice: LOOK,
  examine: async (visit) => {
    const stores = await openStores(visit);
    const { ledger } = stores;
    const sensors =
      visit.sensor === undefined
        ? [...new Set((await ledger.sessions()).map(({ sensor }) => sensor))].slice(0, SENSORS_AT_MOST)
        : [visit.sensor];
    if (sensors.length === 0) return warn('no sensor has been heard yet', 'capture something (tapline capture)');
    const newest = await Promise.all(
      sensors.map(async (sensor) => ({ sensor, heartbeat: newestOf(await ledger.lastHeartbeats(sensor)) })),
    );
    const blindAfterMs = numberSetting(visit.settings, 'blindAfter') * 1000;
    return judgeHeartbeats(newest, Date.now(), blindAfterMs, visit.sensor !== undefined);
  },
};

const opened = new WeakMap<Visit, Promise<RowStores>>();

function openStores(visit: Visit): Promise<RowStores> {
  let stores = opened.get(visit);
  if (stores === undefined) {
    const opening = openRowStores(visit.settings);
    visit.closeAtEnd(async () => (await opening).close());
    opened.set(visit, opening);
    stores = opening;
  }
  return stores;
}

function newestOf(all: readonly Heartbeat[]): Heartbeat | undefined {
  return all.reduce<Heartbeat | undefined>((a, b) => (a === undefined || b.arrivalUs > a.arrivalUs ? b : a), undefined);
}

interface Heard {
  readonly sensor: string;
  readonly heartbeat: Pick<Heartbeat, 'arrivalUs' | 'final'> | undefined;
}

/** @param isNamed whether somebody asked for this sensor: then it is to be there */
export function judgeHeartbeats(
  heard: readonly Heard[],
  nowMs: number,
  blindAfterMs: number,
  isNamed: boolean,
): Finding {
  const never = heard.find(({ heartbeat }) => heartbeat === undefined);
  if (never !== undefined && isNamed) return fail(`no heartbeat of ${never.sensor} has arrived`, LOOK);
  const silentMs = (one: Heard): number => nowMs - (one.heartbeat?.arrivalUs ?? 0) / 1000;
  const saw = ({ sensor, heartbeat }: Heard): string => {
    const ago = `${formatSeconds(Math.max(0, nowMs - heartbeat!.arrivalUs / 1000) / 1000)} ago`;
    return heartbeat!.final ? `${sensor} said goodbye ${ago}` : `${sensor} was heard ${ago}`;
  };
  const known = heard.filter(({ heartbeat }) => heartbeat !== undefined);
  const silent = known.filter((one) => !one.heartbeat!.final && silentMs(one) > blindAfterMs);
  const lost = silent.filter((one) => isNamed || silentMs(one) < GONE_MS);
  if (lost.length > 0) return fail(`${lost.slice(0, 3).map(saw).join(', ')} and did not say goodbye`, LOOK);
  if (silent.length > 0) return warn(silent.slice(0, 3).map(saw).join(', '), 'nothing, when it was taken away');
  const newest = known.sort((a, b) => silentMs(a) - silentMs(b));
  const more = newest.length > 3 ? `, and ${newest.length - 3} more` : '';
  return ok(`${newest.slice(0, 3).map(saw).join(', ')}${more}`);
}

export const rows: Check = {
  name: 'rows',
  needs: ['heartbeats'],
  advice: 'look at the log of the score function',
  examine: async (visit) => {
    const { results } = await openStores(visit);
    const all = await results.sensors();
    const scored = visit.sensor === undefined ? all : all.filter(({ sensor }) => sensor === visit.sensor);
    if (scored.length === 0) {
      const advice = 'a window is scored when it is over: ask again, then look at the logs of window and score';
      return warn('no window has been scored yet', advice);
    }
    const windows = scored.reduce((sum, one) => sum + one.windows, 0);
    const lastUs = Math.max(...scored.map((one) => one.lastUs));
    return ok(`${formatCount(windows)} windows scored, the last of ${formatInstant(lastUs)}`);
  },
};

export const mirror: Check = {
  name: 'mirror',
  needs: ['rows'],
  advice: 'look at the log of the score function',
  examine: async (visit) => {
    const stores = await openStores(visit);
    const all = await stores.results.sensors();
    const looked = all
      .filter(({ sensor }) => sensor === (visit.sensor ?? sensor))
      .sort((a, b) => b.lastUs - a.lastUs)
      .slice(0, SENSORS_AT_MOST);
    const found: string[] = [];
    for (const { sensor, lastUs } of looked) {
      const findings = await readHealth(sensor, stores, lastUs - MIRROR_SECONDS * 1e6);
      found.push(...findings.map(({ text }) => `${sensor}: ${text}`));
    }
    if (found.length === 0) return ok('both directions arrive, whole, once and in order');
    return warn(found.join('; '), 'change the mirror as each sentence says (docs/capture.md)');
  },
};
