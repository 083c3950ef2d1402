/** Waiting for the line behind the broker: until every packet of a session is in its place, or nothing moves any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codecs } from '@tapline/adapters/codec/codecs';
import { isAboutSensor } from '@tapline/core/detect/alert';
import type { HistoryStore, LedgerStore, PacketStore, ResultStore, WindowStore } from '@tapline/core/ports';
import { decodeRecord } from '@tapline/core/history/history-record';
import { audit, type AuditReport } from '@tapline/functions/stages/audit';

export interface SettleStores {
  readonly ledger: LedgerStore;
  readonly packets: PacketStore;
  readonly results: ResultStore;
  readonly windows: WindowStore;
  readonly histories: HistoryStore;
}

export interface SettleOptions {
  readonly sensor: string;
  readonly session: string;
  /** Gives up when nothing has changed for this long. */
  readonly idleMs: number;
  readonly onProgress?: (found: Settled) => void;
  readonly interrupt?: AbortSignal;
}

export interface Settled {
  /** The books of the session; undefined while no stage has heard of it. */
  readonly audit: AuditReport | undefined;
  /** What is still awaited; empty when everything is in its place. */
  readonly awaited: readonly string[];
}

const LOOK_EVERY_MS = { first: 100, most: 1000 };

/**
 * Looks at the books of a session until they are closed, every window of the sensor is scored and in its history, and no
 * alert waits for its confirmation.
 * @throws PipelineError STORE
 */
export async function settle(stores: SettleStores, options: SettleOptions): Promise<Settled> {
  let last = '';
  let changedMs = performance.now();
  let pauseMs = LOOK_EVERY_MS.first;
  for (;;) {
    const found = await look(stores, options);
    options.onProgress?.(found);
    if (found.awaited.length === 0 || options.interrupt?.aborted === true) return found;
    const state = JSON.stringify([found.audit?.totals, found.awaited]);
    const nowMs = performance.now();
    if (state === last) {
      if (nowMs - changedMs > options.idleMs) return found;
    } else {
      last = state;
      changedMs = nowMs;
    }
    await sleep(pauseMs, undefined, { signal: options.interrupt }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, LOOK_EVERY_MS.most);
  }
}

async function look(stores: SettleStores, { sensor, session }: SettleOptions): Promise<Settled> {
  const sessions = await stores.ledger.sessions();
  if (!sessions.some((known) => known.sensor === sensor && known.session === session)) {
    return { audit: undefined, awaited: ['the first message of the session'] };
  }
  const report = await audit({ ...stores, codecs }, { sensor, session });
  const awaits = (what: string): Settled => ({ audit: report, awaited: [what] });
  const [books] = report.sessions;
  if (books?.final !== true) return awaits('the last heartbeat of the session');
  const { sent, stored } = books.totals;
  if (!report.balanced) return awaits(`${sent - stored} packets of the session`);
  if ((await stores.windows.stale(sensor, Infinity, 1)).length > 0) return awaits('windows that are not scored');
  const provisional = (await stores.results.provisional(sensor)).filter((alert) => !isAboutSensor(alert));
  if (provisional.length > 0) return awaits('alerts that are not confirmed');
  if (!(await isHistoryDone(stores, sensor))) return awaits('the history of the sensor');
  return { audit: report, awaited: [] };
}

async function isHistoryDone({ results, histories }: SettleStores, sensor: string): Promise<boolean> {
  const scored = (await results.sensors()).find((known) => known.sensor === sensor);
  const stored = await histories.load(sensor);
  if (scored === undefined) return true;
  return stored !== undefined && decodeRecord(stored.bytes).uptoUs > scored.lastUs;
}
