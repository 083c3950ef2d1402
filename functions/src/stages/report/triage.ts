/** `/alerts/<id>/triage`: what people did about an alert, and where they do it. */
import type { Alert } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { AlertTriage, TriageMark } from '@tapline/core/report/snapshot';
import {
  checkTriageRequest,
  isSameRequest,
  type TriageEntry,
  type TriageRequest,
} from '@tapline/core/triage/triage-entry';
import { triageState } from '@tapline/core/triage/triage-state';
import type { Clock, TriageStore, TriageSubject } from '@tapline/core/ports';
import { Created, NotFound, Refused, type ReportPorts } from '../report.ts';
import { findAlert } from './alerts.ts';

/** Entries of one alert: more is no triage any more. */
const ENTRIES_MOST = 500;

export interface TriageDeps {
  readonly store: TriageStore;
  /** Of the wall: what people do has no event time. */
  readonly clock: Clock;
}

export async function alertTriage(ports: ReportPorts, _query: URLSearchParams, id: string): Promise<AlertTriage> {
  const alert = await findAlert(ports, id);
  const deps = depsOf(ports);
  if (deps === undefined) return { version: 1, writable: false, entries: [], ...NOTHING };
  const entries = await entriesOf(deps, alert);
  return { version: 1, writable: true, entries, ...stateOf(entries, deps) };
}

const depsOf = ({ triage, clock }: ReportPorts): TriageDeps | undefined =>
  triage === undefined || clock === undefined ? undefined : { store: triage, clock };

const NOTHING = { acknowledged: null, muted: null, notes: 0 };

const entriesOf = async ({ store }: TriageDeps, alert: TriageSubject): Promise<readonly TriageEntry[]> =>
  (await store.entries([alert])).get(alert.id) ?? [];

const stateOf = (entries: readonly TriageEntry[], { clock }: TriageDeps): ReturnType<typeof triageState> =>
  triageState(entries, clock.nowUs());

/** Throws PipelineError USAGE for a body that asks for nothing that can be done, Refused 409 for an id that is taken. */
export async function addTriage(ports: ReportPorts, body: string, id: string, by: string): Promise<Created> {
  const triage = depsOf(ports);
  if (triage === undefined) throw new NotFound('this report keeps no triage');
  const alert = await findAlert(ports, id);
  const request = checkTriageRequest(parsed(body), triage.clock.nowUs());
  const isNew = await recordTriage(triage, alert, request, by);
  return new Created(await alertTriage(ports, new URLSearchParams(), id), isNew);
}

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new PipelineError('USAGE', 'the body is no JSON', { cause });
  }
};

/**
 * Keeps what somebody did, once for each id.
 * @returns whether it is new; false when the same request was kept before
 * @throws Refused 409 when the id stands for something else, or there is nothing of the kind to take back
 */
export async function recordTriage(
  deps: TriageDeps,
  alert: Alert,
  request: TriageRequest,
  by: string,
): Promise<boolean> {
  const before = await entriesOf(deps, alert);
  const known = before.find((entry) => entry.id === request.id);
  if (known === undefined) {
    if (before.length >= ENTRIES_MOST)
      throw new Refused(409, 'CONFLICT', `the alert has ${ENTRIES_MOST} entries already`);
    const isThere = before.some((entry) => entry.id === request.undoes && entry.action !== 'undo');
    if (request.action === 'undo' && !isThere) throw new Refused(409, 'CONFLICT', 'there is no such entry to undo');
  }
  const atUs = deps.clock.nowUs();
  const standing = known ?? (await deps.store.add(alert, { ...request, by, atUs }));
  if (!isSameRequest(standing, request)) throw new Refused(409, 'CONFLICT', 'the id stands for another entry already');
  return known === undefined && standing.atUs === atUs && standing.by === by;
}

/** Where each of the alerts stands that anybody has touched, in their order. */
export async function triageMarks(ports: ReportPorts, alerts: readonly Alert[]): Promise<TriageMark[]> {
  const deps = depsOf(ports);
  if (deps === undefined || alerts.length === 0) return [];
  const found = await deps.store.entries(alerts);
  return alerts.flatMap(({ id }) => {
    const entries = found.get(id);
    if (entries === undefined) return [];
    const { acknowledged, muted, notes } = stateOf(entries, deps);
    if (acknowledged === null && muted === null && notes === 0) return [];
    return [
      {
        alert: id,
        acknowledgedBy: acknowledged?.by ?? null,
        muted: muted === null ? null : { reason: muted.text, untilUs: muted.untilUs!, by: muted.by },
        notes,
      },
    ];
  });
}
