import { describe, expect, it } from 'vitest';
import { checkTriageRequest, MUTE_MOST_US, type TriageEntry } from '@tapline/core/triage/triage-entry';
import { triageState } from '@tapline/core/triage/triage-state';

const NOW = 1_700_000_000_000_000;
const HOUR = 3_600e6;

const entry = (id: string, changes: Partial<TriageEntry>): TriageEntry => ({
  id,
  action: 'note',
  text: 'seen',
  by: 'local',
  atUs: NOW,
  ...changes,
});

describe('a triage request', () => {
  const refusal = (request: unknown): string => {
    try {
      checkTriageRequest(request, NOW);
      return 'taken';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('is taken when it is whole', () => {
    const mute = { id: 'abcdefgh', action: 'mute', text: 'load test', untilUs: NOW + HOUR };
    expect(checkTriageRequest(mute, NOW)).toEqual(mute);
    expect(checkTriageRequest({ id: 'abcdefgh', action: 'acknowledge' }, NOW)).toEqual({
      id: 'abcdefgh',
      action: 'acknowledge',
      text: '',
    });
  });

  it.each([
    [null, 'triage is a JSON object'],
    [[], 'triage is a JSON object'],
    [{ id: 'short', action: 'note', text: 'x' }, '"id" must be 8 to 64'],
    [{ id: 'abcdefgh', action: 'delete' }, '"action" must be one of'],
    [{ id: 'abcdefgh', action: 'note', text: ' ' }, 'a note needs a "text"'],
    [{ id: 'abcdefgh', action: 'note', text: 'x'.repeat(2001) }, 'longer than 2000'],
    [{ id: 'abcdefgh', action: 'note', text: 'bell\u0007' }, 'control characters'],
    [{ id: 'abcdefgh', action: 'mute', text: 'why' }, 'has "untilUs"'],
    [{ id: 'abcdefgh', action: 'mute', text: '', untilUs: NOW + 1 }, 'says why'],
    [{ id: 'abcdefgh', action: 'mute', text: 'why', untilUs: NOW }, 'within the next year'],
    [{ id: 'abcdefgh', action: 'mute', text: 'why', untilUs: NOW + MUTE_MOST_US + 1 }, 'within the next year'],
    [{ id: 'abcdefgh', action: 'undo' }, 'has "undoes"'],
    [{ id: 'abcdefgh', action: 'note', text: 'x', by: 'boss@example.org' }, '"by" is none of'],
  ])('%j is refused: %s', (request, why) => {
    expect(refusal(request)).toContain(why);
  });
});

describe('the state of an alert', () => {
  it('is nothing without entries', () => {
    expect(triageState([], NOW)).toEqual({ acknowledged: null, muted: null, notes: 0 });
  });

  it('is the same in whatever order the entries come', () => {
    const entries = [
      entry('ack-1', { action: 'acknowledge', atUs: NOW }),
      entry('mute-1', { action: 'mute', untilUs: NOW + HOUR, atUs: NOW + 1 }),
      entry('undo-1', { action: 'undo', undoes: 'mute-1', atUs: NOW + 2 }),
      entry('mute-2', { action: 'mute', untilUs: NOW + 2 * HOUR, atUs: NOW + 3 }),
      entry('note-1', { atUs: NOW + 4 }),
    ];
    const state = triageState(entries, NOW + 5);
    expect([state.acknowledged?.id, state.muted?.id, state.notes]).toEqual(['ack-1', 'mute-2', 1]);
    expect(triageState(entries.toReversed(), NOW + 5)).toEqual(state);
  });

  it('forgets a mute when its time is over, and any entry that was taken back', () => {
    const entries = [
      entry('mute-1', { action: 'mute', untilUs: NOW + HOUR }),
      entry('note-1', {}),
      entry('undo-1', { action: 'undo', undoes: 'note-1' }),
    ];
    expect(triageState(entries, NOW + HOUR - 1).muted?.id).toBe('mute-1');
    expect(triageState(entries, NOW + HOUR)).toEqual({ acknowledged: null, muted: null, notes: 0 });
  });
});
