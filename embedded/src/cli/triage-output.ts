/** The audit trail of an alert for a terminal: a line each, and where the alert stands. */
import type { TriageEntry } from '@tapline/core/triage/triage-entry';
import { triageState } from '@tapline/core/triage/triage-state';
import { formatInstant } from './format.ts';

/** Control characters never reach a terminal; a line feed of a note is a space. */
const plain = (text: string): string => text.replaceAll('\n', ' ').replace(/\p{Cc}/gu, '\uFFFD');

/** @param nowUs by the clock on the wall */
export function historyText(entries: readonly TriageEntry[], nowUs: number): string {
  const { acknowledged, muted, notes } = triageState(entries, nowUs);
  const undone = new Set(entries.map(({ undoes }) => undoes));
  const lines = entries.map((entry) => `${undone.has(entry.id) ? 'undone  ' : '        '}${lineOf(entry)}`);
  const state = [
    acknowledged === null ? 'not acknowledged' : `acknowledged by ${acknowledged.by}`,
    muted === null ? 'not muted' : `muted until ${formatInstant(muted.untilUs!)}`,
    `${notes} ${notes === 1 ? 'note' : 'notes'}`,
  ];
  return `${[...lines, `state   ${state.join(', ')}`].map(plain).join('\n')}\n`;
}

function lineOf({ id, action, text, untilUs, undoes, by, atUs }: TriageEntry): string {
  const until = untilUs === undefined ? '' : ` until ${formatInstant(untilUs)}`;
  const what = undoes === undefined ? '' : ` ${undoes}`;
  return `${formatInstant(atUs)} ${by} ${action}${what}${until}${text === '' ? '' : `: ${text}`} (${id})`;
}
