import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_STATE,
  formatState,
  METRICS,
  parseState,
  withPage,
  withPanel,
  withTable,
  type PageState,
} from '../../report/src/state/url-state.ts';

const text = fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }).filter((value) => value.isWellFormed());
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const timeUs = fc.integer({ min: -9e15, max: 9e15 });

const query = fc
  .record({
    host: maybe(text),
    peer: maybe(text),
    port: maybe(fc.integer({ min: 0, max: 65_535 })),
    protocol: maybe(text),
  })
  .filter((value) => Object.values(value).some((part) => part !== null));

const panel: fc.Arbitrary<Partial<PageState>> = fc.oneof(
  fc.constant({}),
  fc.record({ alert: text }),
  fc.record({ window: timeUs }),
  fc.record({ query }),
  fc.constant({ view: 'books' as const }),
  fc.record({ page: fc.constant('hosts' as const), subject: maybe(text) }),
  fc.record({ page: fc.constant('alert' as const), subject: text }),
  fc.record({ page: fc.constant('packets' as const), filter: maybe(text) }),
  fc.record({ page: fc.constantFrom('pipeline' as const, 'scorecard' as const) }),
);

const state: fc.Arbitrary<PageState> = fc
  .record({
    sensor: maybe(text),
    range: maybe(
      fc.tuple(timeUs, fc.integer({ min: 1, max: 1e9 })).map(([fromUs, span]) => ({ fromUs, toUs: fromUs + span })),
    ),
    metric: fc.constantFrom(...METRICS),
    zone: fc.constantFrom('UTC', 'local', 'Europe/Berlin', 'Asia/Kathmandu', 'Etc/GMT+3'),
    tables: fc.uniqueArray(fc.stringMatching(/^[a-z-]{1,12}$/u), { maxLength: 4 }).map((names) => names.sort()),
    panel,
  })
  .map(({ panel: opened, ...rest }) => ({ ...DEFAULT_STATE, ...rest, ...opened }));

describe('the state in the URL', () => {
  test('comes back whole from the hash it was written to', () => {
    fc.assert(
      fc.property(state, (written) => {
        expect(parseState(formatState(written))).toEqual(written);
      }),
    );
  });

  test('survives any text without throwing, and what it understood is a state that round-trips', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `#v=1&${tail}`),
        ),
        (hash) => {
          const read = parseState(hash);
          expect(parseState(formatState(read))).toEqual(read);
        },
      ),
    );
  });

  test('of another version, or without one, is the default', () => {
    expect(parseState('#v=2&alert=a')).toEqual(DEFAULT_STATE);
    expect(parseState('')).toEqual(DEFAULT_STATE);
  });

  test('ignores ranges that run backwards, ports that do not exist, and numbers a double cannot hold', () => {
    const read = parseState('#v=1&from=20&to=10&port=70000&window=99999999999999999&metric=miles');
    expect(read).toEqual(DEFAULT_STATE);
  });

  test('opens one thing at a time', () => {
    const open = withPanel({ ...DEFAULT_STATE, alert: 'a', metric: 'bits' }, { window: 5 });
    expect(open).toEqual({ ...DEFAULT_STATE, metric: 'bits', window: 5 });
    expect(parseState('#v=1&alert=a&window=5&host=10.0.0.1')).toEqual({ ...DEFAULT_STATE, alert: 'a' });
  });

  test('a page keeps the sensor and the time, and closes what the overview had open', () => {
    const range = { fromUs: 1, toUs: 2 };
    const there = withPage({ ...DEFAULT_STATE, sensor: 's', range, alert: 'a' }, 'hosts', { subject: '10.0.0.1' });
    expect(there).toEqual({ ...DEFAULT_STATE, sensor: 's', range, page: 'hosts', subject: '10.0.0.1' });
    expect(withPanel(there, { alert: 'b' })).toEqual({ ...DEFAULT_STATE, sensor: 's', range, alert: 'b' });
  });

  test('a page that does not exist is the overview, as is an alert without its id', () => {
    expect(parseState('#v=1&page=moon&of=x')).toEqual(DEFAULT_STATE);
    expect(parseState('#v=1&page=alert')).toEqual(DEFAULT_STATE);
    expect(parseState('#v=1&page=pipeline&alert=a&of=x&q=tcp')).toEqual({ ...DEFAULT_STATE, page: 'pipeline' });
  });

  test('keeps the tables sorted, each once', () => {
    const both = withTable(withTable(DEFAULT_STATE, 'traffic', true), 'pairs', true);
    expect(both.tables).toEqual(['pairs', 'traffic']);
    expect(withTable(withTable(both, 'pairs', true), 'traffic', false).tables).toEqual(['pairs']);
  });
});
