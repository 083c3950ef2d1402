/**
 * Gathers what a saved report holds: every answer that its pages ask for, the ones that matter most first, within a size.
 * What does not fit, or was not answered, is said in words that the report shows.
 */
import type { HostList } from '@tapline/core/report/host-report';
import type { Overview, PacketPage } from '@tapline/core/report/snapshot';
import {
  alertAddress,
  captureAddress,
  evidenceAddress,
  hostAddress,
  hostFlowsAddress,
  hostsAddress,
  HOSTS_PER_PAGE,
  overviewAddress,
  packetsAddress,
  PACKETS_PER_PAGE,
  pipelineAddress,
  scorecardAddress,
  searchAddress,
  triageAddress,
  windowAddress,
} from '../state/questions.ts';
import { withPage, withPanel, type PageState } from '../state/url-state.ts';

export interface CollectLimits {
  /** Characters of JSON. */
  readonly sizeMost: number;
  /** Answers that are asked for: a server counts what one reader asks. */
  readonly requestsMost: number;
  /** Whether whoever waits has waited long enough. */
  readonly isLate?: () => boolean;
}

export interface Collected {
  readonly answers: Readonly<Record<string, unknown>>;
  readonly leftOut: readonly string[];
  readonly counts: {
    readonly alerts: number;
    readonly hosts: number;
    readonly windows: number;
    readonly packets: number;
  };
}

/** Alerts, hosts and windows that are saved. */
const ALERTS_MOST = 100;
const WINDOWS_MOST = 1000;
/** Packets that are asked for at once, the most that the API gives. */
const PIECE_PACKETS = 1000;

const ALWAYS_LEFT_OUT = [
  'the bytes of packets, and the captures to download',
  'searches, but for the one it was saved with',
  'hosts and windows of other times than it was saved for',
];

/** Asks within the limits and keeps what was answered. */
class Basket {
  readonly answers: Record<string, unknown> = {};
  failed = 0;
  readonly #get: (address: string) => Promise<unknown>;
  readonly #limits: CollectLimits;
  #size = 0;
  #requests = 0;

  constructor(get: (address: string) => Promise<unknown>, limits: CollectLimits) {
    this.#get = get;
    this.#limits = limits;
  }

  get isFull(): boolean {
    const { sizeMost, requestsMost, isLate } = this.#limits;
    return this.#size >= sizeMost || this.#requests >= requestsMost || isLate?.() === true;
  }

  /** The answer, which is kept; undefined when there is none, or no room for it. */
  async add(address: string | null): Promise<unknown> {
    if (address === null) return undefined;
    if (address in this.answers) return this.answers[address];
    const value = await this.ask(address);
    if (value !== undefined) this.keep(address, readOnly(address, value));
    return value;
  }

  /** The answer; undefined when there is none, or no room for more. */
  async ask(address: string): Promise<unknown> {
    if (this.isFull) return undefined;
    this.#requests++;
    try {
      return await this.#get(address);
    } catch {
      this.failed++;
      return undefined;
    }
  }

  keep(address: string, value: unknown): void {
    this.#size += JSON.stringify(value).length;
    this.answers[address] = value;
  }
}

/** Nobody can write into a file, or download from it. */
function readOnly(address: string, value: unknown): unknown {
  if (address.endsWith('/triage')) return { ...(value as object), writable: false };
  if (!address.endsWith('/capture')) return value;
  const reason = 'A saved report does not hold the packets themselves; ask where it comes from.';
  return { ...(value as object), from: null, reason };
}

/** Starts of the windows with traffic, those of alerts first. */
function windowsOf({ series, windowUs, alerts }: Overview): number[] {
  const starts = new Set(series.startUs.map((us) => Math.floor(us / windowUs) * windowUs));
  const isOfAlert = (start: number): boolean =>
    alerts.some(({ windowStartUs, windowEndUs }) => start >= windowStartUs && start < windowEndUs);
  return [...starts].sort((a, b) => Number(isOfAlert(b)) - Number(isOfAlert(a)) || a - b);
}

/** Throws what `get` throws when there is no overview. */
export async function collect(
  get: (address: string) => Promise<unknown>,
  state: PageState,
  limits: CollectLimits,
): Promise<Collected> {
  const overview = (await get(overviewAddress(state))) as Overview;
  const basket = new Basket(get, limits);
  basket.answers[overviewAddress(state)] = overview;
  basket.answers['overview'] = overview;
  await basket.add(pipelineAddress(withPage(state, 'pipeline')));
  await basket.add(scorecardAddress(withPage(state, 'scorecard')));
  const alerts = overview.alerts.slice(0, ALERTS_MOST).map(({ id }) => withPage(state, 'alert', { subject: id }));
  const next = await collectAlerts(basket, alerts, overview);
  const hosts = await collectHosts(basket, state);
  await basket.add(searchAddress(state.page === 'packets' ? state : withPage(state, 'packets'), ''));
  const windows = await collectWindows(basket, state, overview);
  const packetsLeft = await collectPackets(basket, next, overview);
  const bounds = `${Math.round(limits.sizeMost / 1e6)} MB, ${limits.requestsMost} answers or the time to gather them`;
  const leftOut = [
    ...ALWAYS_LEFT_OUT,
    ...saidOf('alert', overview.alerts.length + overview.alertsLeftOff - alerts.length),
    ...saidOf('host', hosts.left),
    ...saidOf('window', windows.left),
    ...packetsLeft.map(({ subject, saved }) => `packets of alert ${subject} beyond the first ${saved}`),
    ...(basket.failed > 0 ? [`${basket.failed} answers that could not be had`] : []),
    ...(basket.isFull ? [`what went beyond ${bounds}`] : []),
  ];
  const counts = {
    alerts: alerts.length,
    hosts: hosts.saved,
    windows: windows.saved,
    packets: packetsIn(basket.answers),
  };
  return { answers: basket.answers, leftOut, counts };
}

const saidOf = (what: string, left: number): string[] =>
  left <= 0 ? [] : [left === 1 ? `1 ${what}` : `${left} ${what}s`];

const packetsIn = (answers: Readonly<Record<string, unknown>>): number =>
  Object.entries(answers)
    .filter(([address]) => /^alerts\/.*\/packets/u.test(address))
    .reduce((sum, [, page]) => sum + (page as PacketPage).packets.length, 0);

/** Where the packets of an alert go on. */
interface MorePackets {
  readonly state: PageState;
  /** Of the API. */
  readonly cursor: string;
  readonly pages: number;
  readonly saved: number;
}

/** Each alert whole but for its packets beyond the first piece: the places where those go on. */
async function collectAlerts(basket: Basket, alerts: readonly PageState[], overview: Overview): Promise<MorePackets[]> {
  const more: MorePackets[] = [];
  for (const state of alerts) {
    for (const question of [alertAddress, captureAddress, triageAddress, evidenceAddress])
      await basket.add(question(state));
    const next = await collectPiece(basket, { state, cursor: '', pages: 0, saved: 0 }, overview);
    if (next !== 'end') more.push(next);
  }
  return more;
}

/**
 * Asks for many pages at once, and keeps them as the pages that the report turns: a page of its own leads to the next.
 * @returns where it goes on, or the same place when there was no answer
 */
async function collectPiece(basket: Basket, place: MorePackets, overview: Overview): Promise<MorePackets | 'end'> {
  const { state, cursor } = place;
  const addressAfter = (after: string): string => packetsAddress(state, overview, after)!;
  const asked = addressAfter(cursor).replace(`limit=${PACKETS_PER_PAGE}`, `limit=${PIECE_PACKETS}`);
  const piece = (await basket.ask(asked)) as PacketPage | undefined;
  if (piece === undefined) return place;
  let { pages } = place;
  for (let from = 0; from === 0 || from < piece.packets.length; from += PACKETS_PER_PAGE) {
    const packets = piece.packets.slice(from, from + PACKETS_PER_PAGE);
    const isLast = piece.next === null && from + PACKETS_PER_PAGE >= piece.packets.length;
    const after = pages === 0 ? '' : `page.${pages}`;
    pages++;
    basket.keep(addressAfter(after), { ...piece, packets, next: isLast ? null : `page.${pages}` });
  }
  if (piece.next === null) return 'end';
  return { state, cursor: piece.next, pages, saved: place.saved + piece.packets.length };
}

async function collectHosts(basket: Basket, state: PageState): Promise<{ saved: number; left: number }> {
  const at = withPage(state, 'hosts');
  const list = (await basket.add(hostsAddress(at, HOSTS_PER_PAGE))) as HostList | undefined;
  const hosts = list?.hosts ?? [];
  let saved = 0;
  for (const { host } of hosts) {
    const of = { ...at, subject: host };
    if ((await basket.add(hostAddress(of))) === undefined) continue;
    saved++;
    await basket.add(hostFlowsAddress(of, ''));
  }
  return { saved, left: hosts.length - saved };
}

async function collectWindows(
  basket: Basket,
  state: PageState,
  overview: Overview,
): Promise<{ saved: number; left: number }> {
  const starts = windowsOf(overview);
  let saved = 0;
  for (const window of starts.slice(0, WINDOWS_MOST)) {
    const at = withPanel(withPage(state, 'overview'), { window });
    if ((await basket.add(windowAddress(at))) !== undefined) saved++;
  }
  return { saved, left: starts.length - saved };
}

/** A piece of each alert in turn until there is no room: alerts whose packets are not all there, and how many are. */
async function collectPackets(
  basket: Basket,
  first: readonly MorePackets[],
  overview: Overview,
): Promise<{ subject: string; saved: number }[]> {
  let open = first;
  const left: MorePackets[] = [];
  while (open.length > 0) {
    const following: MorePackets[] = [];
    for (const place of open) {
      const next = await collectPiece(basket, place, overview);
      if (next === place) left.push(place);
      else if (next !== 'end') following.push(next);
    }
    open = following;
  }
  return left.map(({ state, saved }) => ({ subject: state.subject ?? '', saved }));
}
