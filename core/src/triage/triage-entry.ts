/**
 * What people do about an alert: acknowledge it, write a note, mute it for a while, or take one of these back. Each is an
 * entry that is added and never changed, so that the entries of an alert are also its audit trail. The alert itself, the
 * windows and the digest know nothing of it.
 */
import { PipelineError } from '../errors.ts';

export const TRIAGE_ACTIONS = ['acknowledge', 'note', 'mute', 'undo'] as const;
export type TriageAction = (typeof TRIAGE_ACTIONS)[number];

/** What somebody asks for. */
export interface TriageRequest {
  /** Made by whoever asks, once for each deed: the same id a second time is the same deed. */
  readonly id: string;
  readonly action: TriageAction;
  /** The note, or why the alert is muted; may be empty for the others. */
  readonly text: string;
  /** When a mute ends, microseconds since 1970 by the clock on the wall; only of a mute. */
  readonly untilUs?: number;
  /** Id of the entry that is taken back; only of an undo. */
  readonly undoes?: string;
}

/** A request as it is kept: with who and when. */
export interface TriageEntry extends TriageRequest {
  /** E-mail of who was signed in, or `local`. */
  readonly by: string;
  /** Arrival time. */
  readonly atUs: number;
}

/** Characters of a note or a reason. */
export const TRIAGE_TEXT_MOST = 2000;
/** No mute is for ever: a year and a day. */
export const MUTE_MOST_US = 366 * 86_400e6;

const FIELDS = ['id', 'action', 'text', 'untilUs', 'undoes'];
const ID = /^[A-Za-z0-9_-]{8,64}$/;
/** Control characters but for tab and line feed. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/**
 * Checks what came from outside.
 * @param nowUs arrival time
 * @throws PipelineError USAGE, saying what is wrong
 */
export function checkTriageRequest(value: unknown, nowUs: number): TriageRequest {
  const wrong = (what: string): PipelineError => new PipelineError('USAGE', what);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('triage is a JSON object');
  const unknown = Object.keys(value).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw wrong(`"${unknown}" is none of ${FIELDS.join(', ')}`);
  const { id, action, text = '', untilUs, undoes } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || !ID.test(id)) throw wrong('"id" must be 8 to 64 letters, digits, - or _');
  if (!isAction(action)) throw wrong(`"action" must be one of ${TRIAGE_ACTIONS.join(', ')}`);
  if (typeof text !== 'string' || CONTROL.test(text)) throw wrong('"text" must be text without control characters');
  if (text.length > TRIAGE_TEXT_MOST) throw wrong(`"text" is longer than ${TRIAGE_TEXT_MOST} characters`);
  if (action === 'note' && text.trim() === '') throw wrong('a note needs a "text"');
  if (action === 'mute' && text.trim() === '') throw wrong('a mute needs a "text" that says why');
  if ((action === 'mute') !== (untilUs !== undefined)) throw wrong('a mute, and only a mute, has "untilUs"');
  if (untilUs !== undefined && !isWithinYear(untilUs, nowUs)) {
    throw wrong('"untilUs" must be a time within the next year, in microseconds since 1970');
  }
  if ((action === 'undo') !== (undoes !== undefined)) throw wrong('an undo, and only an undo, has "undoes"');
  if (undoes !== undefined && (typeof undoes !== 'string' || !ID.test(undoes))) {
    throw wrong('"undoes" must be the id of an entry');
  }
  return {
    id,
    action,
    text,
    // Stores keep milliseconds.
    ...(untilUs === undefined ? {} : { untilUs: Math.floor((untilUs as number) / 1000) * 1000 }),
    ...(undoes === undefined ? {} : { undoes }),
  };
}

const isAction = (value: unknown): value is TriageAction => TRIAGE_ACTIONS.some((action) => action === value);

const isWithinYear = (value: unknown, nowUs: number): boolean =>
  Number.isSafeInteger(value) && (value as number) > nowUs && (value as number) <= nowUs + MUTE_MOST_US;

/** Whether two requests ask for the same: a repeated one changes nothing, another under a used id is refused. */
export function isSameRequest(a: TriageRequest, b: TriageRequest): boolean {
  return (
    a.id === b.id && a.action === b.action && a.text === b.text && a.untilUs === b.untilUs && a.undoes === b.undoes
  );
}
