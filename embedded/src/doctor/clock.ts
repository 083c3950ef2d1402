/** This machine's clock against that of Pub/Sub, whose answers say what time it is. */
import { SETTINGS, numberSetting } from '@tapline/core/settings/settings';
import { fail, ok, warn, type Check, type Finding } from './check.ts';

const SERVICE = 'https://pubsub.googleapis.com/';
/** A Date header has whole seconds. */
const GRAIN_MS = 1_000;
const DIFFERENCE_MS = 2_000;

export const clock: Check = {
  name: 'clock',
  needs: [],
  advice: 'set the clock by the network (chronyc tracking, timedatectl)',
  examine: async ({ settings, requestMs }) => {
    const { pubsubEmulator } = settings;
    const url = pubsubEmulator === undefined ? SERVICE : `http://${pubsubEmulator}/`;
    const beforeMs = Date.now();
    let date: string | null;
    try {
      const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(requestMs) });
      date = response.headers.get('date');
    } catch {
      date = null;
    }
    if (date === null) return ok(`${new Date(beforeMs).toISOString()}; nobody to compare it with`);
    return judgeClock(beforeMs, Date.now(), Date.parse(date), numberSetting(settings, 'blindAfter') * 1000);
  },
};

/**
 * @param beforeMs and @param afterMs this clock, before and after the answer
 * @param theirsMs what the answer says, cut to whole seconds
 * @param blindAfterMs from which difference heartbeats count as late
 */
export function judgeClock(beforeMs: number, afterMs: number, theirsMs: number, blindAfterMs: number): Finding {
  // Their clock was somewhere in this second while ours went from before to after.
  const ahead = Math.max(0, beforeMs - (theirsMs + GRAIN_MS));
  const behind = Math.max(0, theirsMs - afterMs);
  const difference = Math.max(ahead, behind);
  const saw = `${new Date(afterMs).toISOString()}${difference === 0 ? '' : `, ${(difference / 1000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'} Pub/Sub`}`;
  const advice = 'set the clock by the network (chronyc tracking, timedatectl)';
  if (difference >= blindAfterMs) {
    return fail(saw, `${advice}: a heartbeat counts as missed after ${SETTINGS.blindAfter.name}`);
  }
  return difference > DIFFERENCE_MS ? warn(saw, advice) : ok(saw);
}
