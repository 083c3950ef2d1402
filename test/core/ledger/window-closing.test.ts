/** When a window is complete, when it is given up waiting for, and when it must be scored again. */
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { closingOf } from '@tapline/core/ledger/window-closing';
import { needsScoring, NO_COUNT } from '@tapline/core/ledger/window-state';
import type { SessionWindow, WindowState } from '@tapline/core/ports';
import { describe, expect, it } from 'vitest';

const WINDOW = 10_000_000;
const rule = { windowUs: WINDOW, timeoutUs: 60_000_000, nowUs: 1_000_000_000 };
const count = (batches: number): SessionWindow['arrived'] => ({ batches, packets: batches * 10, bytes: batches * 600 });

function state(sessions: Record<string, [arrived: number, announced: number]>, touchedUs = rule.nowUs): WindowState {
  return {
    sensor: 'tap',
    windowStartUs: 0,
    sessions: Object.entries(sessions).map(([session, [arrived, announced]]) => ({
      session,
      arrived: count(arrived),
      announced: count(announced),
    })),
    emitted: undefined,
    touchedUs,
  };
}

function heartbeat(session: string, watermarkUs: number | null, more: Partial<Heartbeat> = {}): Heartbeat {
  const base = { sensor: 'tap', session, watermarkUs, arrivalUs: rule.nowUs, final: false };
  return { ...base, ...more } as Heartbeat;
}

describe('a window', () => {
  it('is complete once time has passed its end and everything announced is there', () => {
    expect(closingOf(state({ s: [2, 2] }), [heartbeat('s', WINDOW)], rule)).toBe('complete');
    expect(closingOf(state({ s: [2, 2] }), [heartbeat('s', WINDOW - 1)], rule)).toBe('open');
    expect(closingOf(state({ s: [1, 2] }), [heartbeat('s', WINDOW)], rule)).toBe('open');
    expect(closingOf(state({ s: [3, 2] }), [heartbeat('s', WINDOW)], rule)).toBe('open');
    expect(closingOf(state({ s: [2, 2] }), [], rule)).toBe('open');
  });

  it('is complete when its session said goodbye, whatever the watermark', () => {
    expect(closingOf(state({ s: [2, 2] }), [heartbeat('s', null, { final: true })], rule)).toBe('complete');
  });

  it('waits for every session that has something in it, and for no other', () => {
    const both = state({ a: [1, 1], b: [1, 1] });
    expect(closingOf(both, [heartbeat('a', WINDOW), heartbeat('b', 5)], rule)).toBe('open');
    expect(closingOf(both, [heartbeat('a', WINDOW), heartbeat('b', WINDOW)], rule)).toBe('complete');
    expect(closingOf(state({ a: [1, 1] }), [heartbeat('a', WINDOW), heartbeat('b', 5)], rule)).toBe('complete');
  });

  it('does not take one session’s surplus for another one’s loss', () => {
    const mixed = state({ a: [2, 1], b: [0, 1] });
    expect(closingOf(mixed, [heartbeat('a', WINDOW), heartbeat('b', WINDOW)], rule)).toBe('open');
  });

  it('times out when what is missing has not come for long enough', () => {
    const old = rule.nowUs - rule.timeoutUs;
    expect(closingOf(state({ s: [1, 2] }, old), [heartbeat('s', WINDOW)], rule)).toBe('timedOut');
    expect(closingOf(state({ s: [1, 2] }, old + 1), [heartbeat('s', WINDOW)], rule)).toBe('open');
    expect(closingOf(state({ s: [1, 0] }, old), [], rule)).toBe('timedOut');
  });

  it('does not time out while a session that is alive is still in it', () => {
    const old = rule.nowUs - 10 * rule.timeoutUs;
    expect(closingOf(state({ s: [1, 1] }, old), [heartbeat('s', 5)], rule)).toBe('open');
    expect(closingOf(state({ s: [1, 1] }, old), [heartbeat('s', 5, { arrivalUs: old })], rule)).toBe('timedOut');
  });
});

describe('scoring again', () => {
  const arrived = count(2);
  it('is needed exactly when counts differ from those it was scored from, or when it turns out complete', () => {
    const { sessions } = state({ s: [2, 2] });
    const emitted = { revision: 1, complete: true, arrived, announced: arrived };
    expect(needsScoring({ sessions, emitted: undefined })).toBe(true);
    expect(needsScoring({ sessions, emitted })).toBe(false);
    expect(needsScoring({ sessions, emitted: { ...emitted, complete: false } })).toBe(true);
    expect(needsScoring({ sessions, emitted: { ...emitted, arrived: NO_COUNT } })).toBe(true);
    expect(needsScoring({ sessions, emitted: { ...emitted, announced: NO_COUNT } })).toBe(true);
  });
});
