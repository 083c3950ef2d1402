/** Which API addresses a page state needs: the same state always asks the same questions. */
import type { Overview, PacketLine } from '@tapline/core/report/snapshot';
import { apiAddress, SCORECARD_FILE } from '../api/client.ts';
import { openAlert, type PageState } from './url-state.ts';

const PACKETS_PER_PAGE = 100;
export const HOSTS_PER_PAGE = 100;
const FLOWS_PER_PAGE = 100;
const FOUND_PER_PAGE = 1000;

/** What every question about the shown time says. */
const within = ({ sensor, range }: PageState): Readonly<Record<string, string | number | null>> => ({
  sensor,
  from: range?.fromUs ?? null,
  to: range?.toUs ?? null,
});

export function overviewAddress(state: PageState): string {
  return apiAddress('overview', within(state));
}

export function windowAddress(state: PageState): string | null {
  return state.window === null ? null : apiAddress(`windows/${state.window}`, { sensor: state.sensor });
}

/** An address below the open alert; null while none is open. */
const ofAlert = (state: PageState, rest = ''): string | null => {
  const alert = openAlert(state);
  return alert === null ? null : `alerts/${encodeURIComponent(alert)}${rest}`;
};

export function alertAddress(state: PageState): string | null {
  return ofAlert(state);
}

/** What can be had of the frames behind the open alert. */
export function captureAddress(state: PageState): string | null {
  return ofAlert(state, '/capture');
}

export function triageAddress(state: PageState): string | null {
  return ofAlert(state, '/triage');
}

/** The numbers behind the reasons; the side panel does without. */
export function evidenceAddress(state: PageState): string | null {
  return state.page === 'alert' ? ofAlert(state, '/evidence') : null;
}

/** The packets behind the open alert or query, from a cursor on; a query needs the range that is shown. */
export function packetsAddress(state: PageState, overview: Overview | null, after: string): string | null {
  const paging = { limit: PACKETS_PER_PAGE, after: after === '' ? null : after };
  const alertPackets = ofAlert(state, '/packets');
  if (alertPackets !== null) return apiAddress(alertPackets, paging);
  const range = state.range ?? overview?.range;
  if (state.query === null || range === null || range === undefined) return null;
  const { host, peer, port, protocol } = state.query;
  return apiAddress('packets', {
    sensor: state.sensor,
    from: range.fromUs,
    to: range.toUs,
    host,
    peer,
    port,
    protocol,
    ...paging,
  });
}

export function hostsAddress(state: PageState, shown: number): string | null {
  if (state.page !== 'hosts' || state.subject !== null) return null;
  return apiAddress('hosts', { ...within(state), limit: shown });
}

export function hostAddress(state: PageState): string | null {
  if (state.page !== 'hosts' || state.subject === null) return null;
  return apiAddress(`hosts/${encodeURIComponent(state.subject)}`, within(state));
}

export function hostFlowsAddress(state: PageState, after: string): string | null {
  if (state.page !== 'hosts' || state.subject === null) return null;
  const paging = { limit: FLOWS_PER_PAGE, after: after === '' ? null : after };
  return apiAddress(`hosts/${encodeURIComponent(state.subject)}/flows`, { ...within(state), ...paging });
}

export function hostPortsAddress(state: PageState): string | null {
  if (state.page !== 'hosts' || state.subject === null) return null;
  return apiAddress(`hosts/${encodeURIComponent(state.subject)}/ports`, within(state));
}

export function searchAddress(state: PageState, after: string): string | null {
  if (state.page !== 'packets') return null;
  return apiAddress('search', {
    q: state.filter,
    ...within(state),
    limit: FOUND_PER_PAGE,
    after: after === '' ? null : after,
  });
}

export function detailAddress(state: PageState, packet: PacketLine | null): string | null {
  if (state.page !== 'packets' || packet === null) return null;
  const { session, number, timeUs } = packet;
  return apiAddress('packet', { sensor: state.sensor, session, number, at: timeUs });
}

export function pipelineAddress(state: PageState): string | null {
  return state.page === 'pipeline' ? 'pipeline' : null;
}

/** Not of the API: a file beside the page, as the build put it there. */
export function scorecardAddress(state: PageState): string | null {
  return state.page === 'scorecard' ? SCORECARD_FILE : null;
}
