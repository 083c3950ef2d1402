import { describe, expect, test } from 'vitest';
import type { TriageMark } from '@tapline/core/report/snapshot';
import { WHOLE_LIST, type AlertListState } from '../../report/src/state/alert-list-state.ts';
import { chooseAlerts } from '../../report/src/state/chosen-alerts.ts';
import { DEFAULT_STATE, formatState, parseState, withList } from '../../report/src/state/url-state.ts';
import { makeReportData } from '../fixtures/report-data.ts';

const { alerts } = await makeReportData({ minutes: 6 });
const ids = (list: Partial<AlertListState>, marks: readonly TriageMark[] = []): string[] =>
  chooseAlerts(alerts, marks, { ...WHOLE_LIST, ...list }).groups.flatMap((group) =>
    group.alerts.map(({ alert }) => alert.id),
  );
const mark = (alert: string, changes: Partial<TriageMark>): TriageMark => ({
  alert,
  acknowledgedBy: null,
  muted: null,
  notes: 0,
  ...changes,
});

describe('the list of alerts', () => {
  test('holds every alert by default', () => {
    expect(ids({})).toEqual(alerts.map(({ id }) => id));
  });

  test('is narrowed by words that must all be found, wherever they stand', () => {
    expect(ids({ text: 'SYN' })).toEqual(alerts.filter(({ detector }) => detector === 'syn-flood').map(({ id }) => id));
    expect(ids({ text: 'scan 172.16.0.1' }).length).toBeGreaterThan(0);
    expect(ids({ text: 'scan nowhere' })).toEqual([]);
    const technique = alerts[0]!.attack[0]!;
    expect(ids({ text: technique.toLowerCase() })).toContain(alerts[0]!.id);
  });

  test('is narrowed by severity and class', () => {
    expect(ids({ least: 'critical' })).toEqual(
      alerts.filter(({ severity }) => severity === 'critical').map(({ id }) => id),
    );
    expect(ids({ detector: 'udp-flood' })).toEqual(
      alerts.filter(({ detector }) => detector === 'udp-flood').map(({ id }) => id),
    );
  });

  test('leaves out what is muted and says how many that are, and only of those it asks for', () => {
    const [first, second] = alerts;
    const muted = { reason: 'why', untilUs: 1, by: 'local' };
    const marks = [mark(first!.id, { muted }), mark(second!.id, { acknowledgedBy: 'anna@example.org' })];
    const list = chooseAlerts(alerts, marks, WHOLE_LIST);
    expect([list.count, list.muted]).toEqual([alerts.length - 1, 1]);
    expect(ids({ standing: 'muted' }, marks)).toEqual([first!.id]);
    expect(ids({ standing: 'acknowledged' }, marks)).toEqual([second!.id]);
    expect(ids({ standing: 'new' }, marks)).not.toContain(second!.id);
    expect(ids({ standing: 'all' }, marks)).toHaveLength(alerts.length);
    expect(ids({ text: 'anna@' }, marks)).toEqual([second!.id]);
    const other = chooseAlerts(alerts, marks, { ...WHOLE_LIST, detector: second!.detector });
    expect(other.muted).toBe(first!.detector === second!.detector ? 1 : 0);
  });

  test('is grouped by class or entity, in the order of the first of each', () => {
    const groups = chooseAlerts(alerts, [], { ...WHOLE_LIST, grouping: 'class' }).groups;
    expect(groups.map(({ name }) => name)).toEqual([...new Set(alerts.map(({ detector }) => detector))]);
    expect(groups.flatMap((group) => group.alerts)).toHaveLength(alerts.length);
  });

  test('stands in the URL, what is default left out, and nonsense is the default', () => {
    const list: AlertListState = {
      text: 'a b',
      least: 'high',
      detector: 'beacon',
      standing: 'all',
      grouping: 'entity',
    };
    const hash = formatState(withList(DEFAULT_STATE, list));
    expect(hash).toBe('#v=1&find=a+b&least=high&class=beacon&show=all&group=entity');
    expect(parseState(hash).list).toEqual(list);
    expect(parseState('#v=1&least=huge&class=x&show=y&group=z').list).toEqual(WHOLE_LIST);
    expect(formatState(DEFAULT_STATE)).toBe('#v=1');
  });
});
