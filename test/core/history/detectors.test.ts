/** What the history finds, and what it leaves alone, window by window over hours. */
import type { Alert } from '@tapline/core/detect/alert';
import { evenness } from '@tapline/core/history/beacon';
import { History } from '@tapline/core/history/history';
import type { Observations, PairSight, SweepSight } from '@tapline/core/history/observations';
import { hashWord } from '@tapline/core/sketch/hash';
import { describe, expect, it } from 'vitest';
import { EPOCH_US, uniform, WINDOW_US } from '../../helpers/synthetic-kpis.ts';
import { pairSight, sweepSight, windowOf } from '../../fixtures/history-windows.ts';

const HOUR = 360;

/** Alerts of windows 0 … windows - 1, each as it stood last. */
function alertsOf(windows: number, see: (window: number) => Partial<Observations>): Alert[] {
  const history = new History({ falseAlarmsPerDay: 1 });
  const alerts = new Map<string, Alert>();
  for (let window = 0; window < windows; window++) {
    history.take(windowOf(window, see(window)));
    for (const alert of history.takeChanged()) alerts.set(alert.id, alert);
  }
  return [...alerts.values()];
}

/** Connections of one pair at these seconds after the epoch, each with its bytes. */
function calls(
  seconds: readonly number[],
  bytes: (index: number) => number,
  pair: Partial<PairSight> = {},
): (window: number) => PairSight[] {
  return (window) => {
    const own = seconds.flatMap((second, index) => (Math.floor((second * 1e6) / WINDOW_US) === window ? [index] : []));
    if (own.length === 0) return [];
    const starts = [...new Set(own.map((index) => EPOCH_US / 1e6 + Math.floor(seconds[index]!)))];
    const bytesUp = own.reduce((sum, index) => sum + bytes(index), 0);
    return [pairSight(window, { ...pair, starts, flows: own.length, bytesUp })];
  };
}

describe('beacons', () => {
  const jittered = (everyS: number, jitter: number, seed: number): number[] => {
    const next = uniform(seed);
    let at = 0;
    return Array.from({ length: 40 }, () => (at += everyS * (1 + jitter * (2 * next() - 1))));
  };

  it.each([0, 0.1, 0.25])('are found with a jitter of %d, once, however long they last', (jitter) => {
    for (let seed = 1; seed <= 5; seed++) {
      const pairs = calls(jittered(60, jitter, seed), () => 420);
      const alerts = alertsOf(HOUR, (window) => ({ pairs: pairs(window) }));
      expect(alerts).toMatchObject([
        { detector: 'beacon', entity: '10.0.0.5', state: 'confirmed', isFromHistory: true },
      ]);
      expect(alerts[0]!.summary).toContain('203.0.113.9:8443');
    }
  });

  it('are no Poisson traffic, and no person at a browser', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const next = uniform(seed);
      let at = 0;
      const poisson = Array.from({ length: 60 }, () => (at -= 30 * Math.log(1 - next())));
      at = 0;
      // A page is a burst of requests within a few seconds, then minutes of reading; sizes vary.
      const person = Array.from({ length: 12 }, () => {
        at += 20 + 400 * next() ** 3;
        return Array.from({ length: 1 + Math.floor(6 * next()) }, () => (at += 3 * next()));
      }).flat();
      for (const [seconds, port] of [
        [poisson, 443],
        [person, 80],
      ] as const) {
        const pairs = calls(seconds, (index) => 300 + ((index * 7919 * seed) % 5000), { port });
        expect(alertsOf(HOUR, (window) => ({ pairs: pairs(window) }))).toEqual([]);
      }
    }
  });

  it('are no service that many hosts use, no host outside, and no connection inside', () => {
    const seconds = jittered(60, 0, 1);
    const many = [5, 6, 7].map((host) => calls(seconds, () => 420, { source: `10.0.0.${host}` }));
    const alerts = alertsOf(HOUR, (window) => ({ pairs: many.flatMap((pairs) => pairs(window)) }));
    // The first host is heard of before it is known that others do the same only if it calls before them.
    expect(alerts.filter(({ detector }) => detector === 'beacon')).toEqual([]);
    for (const pair of [{ isSourceInternal: false }, { isDestinationInternal: true }]) {
      const pairs = calls(seconds, () => 420, pair);
      expect(alertsOf(HOUR, (window) => ({ pairs: pairs(window) }))).toEqual([]);
    }
  });

  it('score as the published formula does', () => {
    expect(evenness([60, 60, 60, 60])).toBe(1);
    // Quartiles 2, 3, 4: symmetrical; the median absolute deviation is 1 of 3.
    expect(evenness([1, 2, 3, 4, 5])).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(evenness([1, 1, 1, 2, 60, 70, 900])).toBeLessThan(0.6);
  });
});

describe('exfiltration', () => {
  const transfer =
    (bytesUp: number, bytesDown: number, pair: Partial<PairSight> = {}) =>
    (window: number): PairSight[] => [pairSight(window, { ...pair, bytesUp, bytesDown })];

  it('is found in what adds up within an hour, also slowly and over the edge of the hour', () => {
    const chunks = transfer(0.7e6, 20_000);
    const alerts = alertsOf(2 * HOUR, (window) => ({ pairs: window >= 200 && window < 400 ? chunks(window) : [] }));
    expect(alerts).toMatchObject([{ detector: 'exfiltration', entity: '10.0.0.5' }]);
    expect(alerts[0]!.reasons[0]!.value).toBeCloseTo(140e6, -3);
  });

  it('is no download, no traffic inside, and not what takes a day', () => {
    const see = [transfer(1e6, 1e6), transfer(1e6, 0, { isDestinationInternal: true }), transfer(0.2e6, 0)];
    for (const pairs of see) expect(alertsOf(3 * HOUR, (window) => ({ pairs: pairs(window) }))).toEqual([]);
  });

  it('is no backup that comes every night, after its first', () => {
    const backup = transfer(3e6, 10_000, { port: 22 });
    const alerts = alertsOf(24 * HOUR * 4, (window) => ({ pairs: window % (24 * HOUR) < 100 ? backup(window) : [] }));
    expect(alerts.filter(({ detector }) => detector === 'exfiltration')).toHaveLength(1);
  });
});

describe('slow scans', () => {
  const probe = (window: number, sweep: Partial<SweepSight> = {}): SweepSight[] => [
    sweepSight(window, { failed: [hashWord(window)], ...sweep }),
  ];

  it('of one probe a minute are found, and say over how long', () => {
    const alerts = alertsOf(2 * HOUR, (window) => ({ sweeps: window % 6 === 0 ? probe(window) : [] }));
    expect(alerts).toMatchObject([{ detector: 'horizontal-scan', entity: '10.0.0.5' }]);
    expect(alerts[0]!.summary).toMatch(/slowly asked \d+ hosts for tcp\/445 in [\d.]+ h in vain/u);
    const ports = { kind: 'ports', port: 0, target: '10.0.0.9' } as const;
    const vertical = alertsOf(2 * HOUR, (window) => ({ sweeps: window % 6 === 0 ? probe(window, ports) : [] }));
    expect(vertical).toMatchObject([{ detector: 'vertical-scan', entity: '10.0.0.5' }]);
  });

  it('of ten hosts over hours are found, whatever the ports, and name the service when there is one', () => {
    const slow = (port: (window: number) => number): Alert[] =>
      alertsOf(4 * HOUR, (window) => ({ sweeps: window % 120 === 0 ? probe(window, { port: port(window) }) : [] }));
    const [one, ...more] = slow(() => 445);
    expect(more).toEqual([]);
    expect(one).toMatchObject({ detector: 'horizontal-scan', entity: '10.0.0.5', filter: { port: 445 } });
    const [many] = slow((window) => [80, 88, 8080][(window / 120) % 3]!);
    expect(many!.summary).toMatch(/slowly asked 1\d hosts for tcp in/u);
  });

  it('are no client whose other hosts answer, also in windows in which nothing fails', () => {
    const talks = (window: number): PairSight[] => [
      pairSight(window, { source: '10.0.0.5', destination: `198.51.${window >> 8}.${window & 255}`, bytesDown: 900 }),
    ];
    const alerts = alertsOf(4 * HOUR, (window) =>
      window % 60 === 0 ? { sweeps: probe(window) } : window % 60 === 30 ? { pairs: talks(window) } : {},
    );
    expect(alerts).toEqual([]);
  });

  it('are left to the detectors of the windows when they are fast', () => {
    const failed = Array.from({ length: 12 }, (_, i) => i);
    const fast = (window: number): SweepSight[] =>
      probe(window, { failed: failed.map((i) => hashWord(window * 100 + i)) });
    expect(alertsOf(HOUR, (window) => ({ sweeps: window < 40 ? fast(window) : [] }))).toEqual([]);
  });

  it('are no few dead hosts that are asked for again and again, and no client of many that answer', () => {
    const dead = (window: number): SweepSight[] => probe(window, { failed: [hashWord(window % 8)] });
    expect(alertsOf(8 * HOUR, (window) => ({ sweeps: window % 30 === 0 ? dead(window) : [] }))).toEqual([]);
    const answered = (window: number): number[] => [hashWord(1e6 + window), hashWord(2e6 + window)];
    const busy = (window: number): SweepSight[] => probe(window, { answered: answered(window) });
    expect(alertsOf(3 * HOUR, (window) => ({ sweeps: window % 6 === 0 ? busy(window) : [] }))).toEqual([]);
  });
});

describe('rarity', () => {
  const ordinary = (window: number): PairSight[] =>
    [1, 2, 3].map((host) => pairSight(window, { destination: `198.51.100.${host}`, port: 443, flows: 20, starts: [] }));
  const odd = (window: number): PairSight[] => [
    pairSight(window, { port: 444, starts: [], bytesUp: 90, bytesDown: 90 }),
  ];

  it('is found in a long conversation with a service that nobody used before', () => {
    const day = 24 * HOUR;
    const alerts = alertsOf(day + HOUR, (window) => ({
      pairs: [...ordinary(window), ...(window > day + 50 ? odd(window) : [])],
    }));
    expect(alerts).toMatchObject([{ detector: 'rarity', entity: '10.0.0.5' }]);
    expect(alerts[0]!.summary).toContain('203.0.113.9:444');
  });

  it('is nothing in a network that is not known for a day', () => {
    expect(alertsOf(3 * HOUR, (window) => ({ pairs: [...ordinary(window), ...odd(window)] }))).toEqual([]);
  });
});
