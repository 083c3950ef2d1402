/** ResultStore in memory: for tests, and for a line that need not outlive its process. */
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import type { UsualRow } from '@tapline/core/detect/usual';
import { isSameAlert } from '@tapline/core/digest/same-alert';
import type { ScoreRow } from '@tapline/core/history/score-row';
import { hostActivities, type HostActivity } from '@tapline/core/kpi/host-activity';
import type { FlowSlice, KpiRow } from '@tapline/core/kpi/kpi-row';
import {
  ALL_TIME,
  type HostOrder,
  type PastWindow,
  type ResultStore,
  type SensorSummary,
  type TimeRange,
  type WindowResult,
} from '@tapline/core/ports';
import { compareText } from './text-order.ts';

const byFlow = (a: FlowSlice, b: FlowSlice): number => compareText(a.session, b.session) || a.flow - b.flow;
const byDetector = (a: Evidence, b: Evidence): number =>
  compareText(a.detector, b.detector) || compareText(a.entity, b.entity);

const byUsual = (a: UsualRow, b: UsualRow): number =>
  a.windowStartUs - b.windowStartUs ||
  compareText(a.detector, b.detector) ||
  compareText(a.feature, b.feature) ||
  compareText(a.entity, b.entity);

export class MemoryResultStore implements ResultStore {
  readonly #sensors = new Map<string, Map<number, WindowResult>>();
  readonly #alerts = new Map<string, Alert>();
  readonly #usual = new Map<string, UsualRow>();
  readonly #scores = new Map<string, Map<number, ScoreRow>>();

  putWindow(result: WindowResult): Promise<void> {
    const { sensor, windowStartUs } = result.kpi;
    const kept: WindowResult = {
      kpi: structuredClone(result.kpi),
      flows: [...result.flows].sort(byFlow),
      evidence: structuredClone([...result.evidence].sort(byDetector)),
      ...(result.observations && { observations: result.observations.slice() }),
    };
    const windows = this.#sensors.get(sensor);
    if (windows === undefined) this.#sensors.set(sensor, new Map([[windowStartUs, kept]]));
    else windows.set(windowStartUs, kept);
    return Promise.resolve();
  }

  #range(sensor: string, range: TimeRange): WindowResult[] {
    const windows = [...(this.#sensors.get(sensor) ?? new Map<number, WindowResult>())];
    return windows
      .filter(([startUs]) => startUs >= range.fromUs && startUs < range.toUs)
      .sort(([a], [b]) => a - b)
      .map(([, result]) => result);
  }

  kpis(sensor: string, range: TimeRange, limit = Infinity): Promise<KpiRow[]> {
    return Promise.resolve(
      this.#range(sensor, range)
        .slice(0, limit)
        .map((result) => result.kpi),
    );
  }

  pastWindows(sensor: string, range: TimeRange, limit: number): Promise<PastWindow[]> {
    const windows = this.#range(sensor, range).slice(0, limit);
    return Promise.resolve(windows.map(({ kpi, observations }) => ({ kpi, observations })));
  }

  flows(sensor: string, range: TimeRange, limit = Infinity): Promise<FlowSlice[]> {
    return Promise.resolve(
      this.#range(sensor, range)
        .flatMap((result) => result.flows)
        .slice(0, limit),
    );
  }

  hostWindows(
    sensor: string,
    host: string,
    range: TimeRange,
    limit: number,
    first: HostOrder = 'newest',
  ): Promise<HostActivity[]> {
    const found = this.#range(sensor, range).flatMap(
      ({ kpi, flows }) => hostActivities(kpi.windowStartUs, flows).get(host) ?? [],
    );
    return Promise.resolve(first === 'newest' ? found.slice(-limit) : found.slice(0, limit));
  }

  hostFlows(sensor: string, host: string, windowStartUs: number, limit: number): Promise<FlowSlice[]> {
    const flows = this.#sensors.get(sensor)?.get(windowStartUs)?.flows ?? [];
    return Promise.resolve(
      flows.filter(({ source, destination }) => source === host || destination === host).slice(0, limit),
    );
  }

  evidence(sensor: string, range: TimeRange): Promise<Evidence[]> {
    return Promise.resolve(this.#range(sensor, range).flatMap((result) => result.evidence));
  }

  putAlerts(alerts: readonly Alert[]): Promise<void> {
    for (const alert of alerts) this.#alerts.set(alert.id, structuredClone(alert));
    return Promise.resolve();
  }

  concludeAlerts(alerts: readonly Alert[]): Promise<void> {
    return this.putAlerts(
      alerts.filter((alert) => {
        const known = this.#alerts.get(alert.id);
        return known !== undefined && isSameAlert(known, alert);
      }),
    );
  }

  alerts(sensor: string, range: TimeRange): Promise<Alert[]> {
    const found = [...this.#alerts.values()].filter(
      (alert) => alert.sensor === sensor && alert.windowStartUs < range.toUs && alert.windowEndUs > range.fromUs,
    );
    return Promise.resolve(found.sort((a, b) => a.windowStartUs - b.windowStartUs || compareText(a.id, b.id)));
  }

  alert(id: string): Promise<Alert | undefined> {
    return Promise.resolve(this.#alerts.get(id));
  }

  async provisional(sensor: string): Promise<Alert[]> {
    const alerts = await this.alerts(sensor, ALL_TIME);
    return alerts.filter(({ state }) => state === 'provisional');
  }

  putUsual(rows: readonly UsualRow[]): Promise<void> {
    for (const row of rows) {
      const { sensor, windowStartUs, detector, feature, entity } = row;
      this.#usual.set(JSON.stringify([sensor, windowStartUs, detector, feature, entity]), structuredClone(row));
    }
    return Promise.resolve();
  }

  usual(sensor: string, range: TimeRange): Promise<UsualRow[]> {
    const found = [...this.#usual.values()].filter(
      (row) => row.sensor === sensor && row.windowStartUs >= range.fromUs && row.windowStartUs < range.toUs,
    );
    return Promise.resolve(found.sort(byUsual));
  }

  putScores(rows: readonly ScoreRow[]): Promise<void> {
    for (const row of rows) {
      const { sensor, windowStartUs } = row;
      const known = this.#scores.get(sensor) ?? new Map<number, ScoreRow>();
      this.#scores.set(sensor, known.set(windowStartUs, structuredClone(row)));
    }
    return Promise.resolve();
  }

  scores(sensor: string, { fromUs, toUs }: TimeRange): Promise<ScoreRow[]> {
    const found = [...(this.#scores.get(sensor)?.values() ?? [])]
      .filter(({ windowStartUs }) => windowStartUs >= fromUs && windowStartUs < toUs)
      .sort((a, b) => a.windowStartUs - b.windowStartUs);
    return Promise.resolve(found);
  }

  sensors(): Promise<SensorSummary[]> {
    const found: SensorSummary[] = [];
    for (const [sensor, windows] of this.#sensors) {
      let firstUs = Infinity;
      let lastUs = -Infinity;
      for (const startUs of windows.keys()) {
        firstUs = Math.min(firstUs, startUs);
        lastUs = Math.max(lastUs, startUs);
      }
      found.push({ sensor, windows: windows.size, firstUs, lastUs });
    }
    return Promise.resolve(found.sort((a, b) => compareText(a.sensor, b.sensor)));
  }
}
