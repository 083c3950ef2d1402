/** Whether a sensor is blind: judged by when its heartbeats arrived, and by nothing it says of its own clock. */
import { blindness } from '@tapline/core/ledger/blindness';
import { describe, expect, it } from 'vitest';
import { heartbeatOf } from '../../fixtures/heartbeat.ts';

const NOW = 1_700_000_100_000_000;
const rule = { blindAfterUs: 15e6, nowUs: NOW };
const arrived = (secondsAgo: number): { arrivalUs: number } => ({ arrivalUs: NOW - secondsAgo * 1e6 });

describe('a sensor', () => {
  it('is not blind while heartbeats come, after its goodbye, or before its first word', () => {
    expect(blindness([], rule)).toBeUndefined();
    expect(blindness([heartbeatOf('s', 3, arrived(14))], rule)).toBeUndefined();
    expect(blindness([heartbeatOf('s', 3, { ...arrived(900), final: true })], rule)).toBeUndefined();
  });

  it('is blind when the last heartbeat of a session that said no goodbye is too old', () => {
    const alert = blindness([heartbeatOf('s', 3, { ...arrived(40), watermarkUs: 5e6 })], rule);
    expect(alert).toMatchObject({
      sensor: 'tap',
      detector: 'sensor-blind',
      entity: 'tap',
      windowStartUs: 5e6,
      windowEndUs: 45e6,
      state: 'provisional',
      summary: 'no heartbeat from tap for 40 s (session s): what happens there is not seen',
    });
    expect(alert?.reasons).toMatchObject([{ feature: 'silence', value: 40, unit: 's', floor: 15 }]);
  });

  it('is judged by its newest session: a new one that is alive, or that ended, covers an old one that was killed', () => {
    const killed = heartbeatOf('old', 9, arrived(500));
    expect(blindness([killed, heartbeatOf('new', 1, arrived(2))], rule)).toBeUndefined();
    expect(blindness([heartbeatOf('new', 1, { ...arrived(30), final: true }), killed], rule)).toBeUndefined();
    expect(blindness([killed, heartbeatOf('new', 1, arrived(30))], rule)).toMatchObject({ detector: 'sensor-blind' });
  });

  it('has one alert per silence: the same id while it lasts, another one for the next', () => {
    const first = blindness([heartbeatOf('s', 3, arrived(40))], rule);
    const later = blindness([heartbeatOf('s', 3, arrived(400))], rule);
    expect(later?.id).toBe(first?.id);
    expect(later?.score).toBeGreaterThan(first?.score ?? 1);
    expect(blindness([heartbeatOf('s', 4, arrived(40))], rule)?.id).not.toBe(first?.id);
  });
});
