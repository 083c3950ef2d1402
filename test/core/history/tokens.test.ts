/** Tokens from packets to the alert: the same from any cut into batches, learned slowly, and said in words. */
import { HISTORY_CONFIG } from '@tapline/core/history/config';
import { History } from '@tapline/core/history/history';
import { NO_OBSERVATIONS, type TokenSight } from '@tapline/core/history/observations';
import { sightTokens } from '@tapline/core/history/sight-tokens';
import { TokenModel } from '@tapline/core/history/token-model';
import { FLOW_TOKENS, flowToken } from '@tapline/core/window/flow-token';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { windowOf } from '../../fixtures/history-windows.ts';
import { SyntheticKpis } from '../../helpers/synthetic-kpis.ts';
import { SyntheticTokens } from '../../helpers/synthetic-tokens.ts';
import { batchesOf, FLAG, recut, type TestPacket } from '../../helpers/packets.ts';
import { panesOf } from '../../helpers/panes.ts';

const WEB = flowToken(6, 5000, 443);
const DATABASE = flowToken(6, 5000, 3306);

describe('the tokens of a window', () => {
  const packet = fc.record({
    timeUs: fc.nat({ max: 9_999_999 }),
    from: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'),
    to: fc.constantFrom('10.0.0.3', '198.51.100.1'),
    sourcePort: fc.constantFrom(40_000, 40_001),
    destinationPort: fc.constantFrom(443, 53, 8000),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    length: fc.integer({ min: 60, max: 9000 }),
    flags: fc.constant(FLAG.ack),
  });

  it('are the same from any cut into batches, merged in any order: bytes are those of the whole flow', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 1, maxLength: 200, size: 'max' }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (packets, sizes) => {
          const whole = batchesOf(packets);
          const [expected] = panesOf(whole).map(({ view }) => sightTokens(view));
          const cut = recut(whole, sizes);
          for (const batches of [cut, cut.toReversed()]) {
            expect(panesOf(batches).map(({ view }) => sightTokens(view))).toEqual([expected]);
          }
          expect(expected!.missed).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are counted one by one, and name the host that most of a kind began at', () => {
    const flow = (from: string, sourcePort: number, length: number): TestPacket[] => [
      { timeUs: 1, from, to: '10.0.0.9', sourcePort, destinationPort: 3306, flags: FLAG.syn, length: 60 },
      { timeUs: 2, from: '10.0.0.9', to: from, sourcePort: 3306, destinationPort: sourcePort, flags: 18, length },
    ];
    const packets = [...flow('10.0.0.1', 1, 5000), ...flow('10.0.0.2', 2, 6000), ...flow('10.0.0.2', 3, 7000)];
    const [seen] = panesOf(batchesOf([...packets, ...flow('10.0.0.1', 4, 100)])).map(({ view }) => sightTokens(view));
    expect(seen!.tokens).toEqual([
      { token: flowToken(6, 160, 3306), flows: 1, host: '10.0.0.1' },
      { token: DATABASE, flows: 3, host: '10.0.0.2' },
    ]);
  });

  it('count the flows that a flood folds by the mean of their sums, and say how many have none', () => {
    const scan = Array.from({ length: 30_000 }, (_, index): TestPacket => {
      const to = `10.${1 + (index >> 14)}.${(index >> 7) & 127}.${1 + (index & 127)}`;
      return { timeUs: index * 300, from: '10.0.0.66', to, sourcePort: 1, destinationPort: 445, flags: FLAG.syn };
    });
    const [pane] = panesOf(batchesOf(scan));
    const { tokens, missed } = sightTokens(pane!.view);
    const [only] = tokens;
    expect(tokens).toEqual([{ token: flowToken(6, 60, 445), flows: only!.flows, host: '10.0.0.66' }]);
    expect(only!.flows + missed).toBe(30_000);
    expect(pane!.view.folded.length).toBeGreaterThan(0);
    expect(missed).toBeLessThan(300);
  });
});

describe('the token model', () => {
  const one = (token: number, flows = 1): TokenSight => ({ token, flows, host: '' });
  const model = new TokenModel(HISTORY_CONFIG.tokens);
  const { windows, smoothing } = HISTORY_CONFIG.tokens;
  for (let window = 0; window < windows; window++) {
    expect(model.surprise([one(WEB)])).toBeUndefined();
    model.learn([one(DATABASE), one(WEB, 3)], window * 10e6, false);
  }

  it('gives the mean of -log2 p, smoothed', () => {
    const total = 4 * windows + smoothing * FLOW_TOKENS;
    const [often, seldom] = [(3 * windows + smoothing) / total, (windows + smoothing) / total];
    const never = smoothing / total;
    expect(model.surprise([one(WEB, 3)])).toBeCloseTo(-Math.log2(often), 10);
    const mean = -(2 * Math.log2(often) + Math.log2(seldom) + Math.log2(never)) / 4;
    expect(model.surprise([one(DATABASE), one(0), one(WEB, 2)])).toBeCloseTo(mean, 10);
    expect(model.surprise([])).toBeUndefined();
  });

  it('names the kinds that add most to it, and none that hardly do', () => {
    const kinds = (...seen: TokenSight[]): number[] => model.surprising(seen, 1, 3).map(({ token }) => token);
    expect(kinds(one(DATABASE, 4), one(0), one(WEB, 50))).toEqual([0, DATABASE]);
    expect(kinds(one(DATABASE), one(0), one(WEB, 50))).toEqual([0]);
    expect(kinds(one(WEB, 50))).toEqual([]);
  });

  it('learns from a window of thousands of flows as from three usual ones', () => {
    const learned = new TokenModel(HISTORY_CONFIG.tokens);
    for (let window = 0; window < windows; window++) learned.learn([one(WEB, 100)], window * 10e6, false);
    learned.learn([one(0, 50_000)], windows * 10e6, false);
    const share = 300 / (100 * windows + 300);
    expect(learned.surprise([one(0)])).toBeCloseTo(-Math.log2(share), 2);
  });

  it('holds back what an alarm taught for six hours', () => {
    const learned = new TokenModel(HISTORY_CONFIG.tokens);
    for (let window = 0; window < windows; window++) learned.learn([one(WEB, 100)], window * 10e6, false);
    const before = learned.surprise([one(0)])!;
    learned.learn([one(0, 8)], windows * 10e6, true);
    expect(learned.surprise([one(0)])).toBe(before);
    for (let later = 1; later <= 2160; later++) learned.learn([one(WEB, 100)], (windows + later) * 10e6, false);
    expect(learned.surprise([one(0)])).toBeGreaterThan(before);
    learned.learn([one(WEB, 100)], (windows + 2161) * 10e6, false);
    expect(learned.surprise([one(0)])).toBeLessThan(before - 5);
  });

  it('forgets what is not seen any more', () => {
    const learned = new TokenModel(HISTORY_CONFIG.tokens);
    for (let window = 0; window < windows; window++) learned.learn([one(0), one(WEB)], window * 10e6, false);
    const before = learned.surprise([one(0)])!;
    for (let day = 1; day <= 60; day++) learned.learn([one(WEB, 2)], day * 86_400e6, false);
    expect(learned.surprise([one(0)])!).toBeGreaterThan(before + 5);
  });
});

describe('unlike-history by tokens', () => {
  const OPTIONS = { falseAlarmsPerDay: 1 };
  const [series, kinds] = [new SyntheticKpis(3), new SyntheticTokens(3)];
  const history = new History(OPTIONS);
  const LEARNED = 4000;
  for (let window = 0; window < LEARNED; window++)
    history.take(windowOf(window, { ...NO_OBSERVATIONS, tokens: kinds.tokens(window) }, series.values(window)));
  history.takeChanged();
  const state = history.encode();
  const rare: TokenSight = { token: flowToken(6, 3e6, 22), flows: 8, host: '10.0.0.77' };
  const tokens = [...kinds.tokens(LEARNED), rare].sort((a, b) => a.token - b.token);

  it('sees kinds of flows that no count shows, and names them with where they began', () => {
    const seen = History.decode(state, OPTIONS);
    const values = series.values(LEARNED);
    seen.take(windowOf(LEARNED, { tokens: kinds.tokens(LEARNED) }, values));
    expect(seen.takeChanged()).toEqual([]);
    seen.take(windowOf(LEARNED + 1, { tokens }, values));
    const [alert] = seen.takeChanged();
    expect(alert!.detector).toBe('unlike-history');
    expect(alert!.reasons[0]!.feature).toBe('tokenSurprise');
    expect(alert!.summary).toContain('the kinds of flows that surprise most: 8 of tcp, 2 to 4 MiB, to a log-in port (');
    expect(alert!.summary).toContain('bits each, most from 10.0.0.77)');
  });

  it('says nothing of tokens where the window has none', () => {
    const seen = History.decode(state, OPTIONS);
    seen.take(windowOf(LEARNED, {}, series.values(LEARNED)));
    expect(seen.takeChanged()).toEqual([]);
  });

  it('is as surprised while the attack goes on, whether it learns or not', () => {
    const attack = (options: { falseAlarmsPerDay: number; learnUntilUs?: number }): (number | undefined)[] => {
      const seen = History.decode(state, options);
      return Array.from({ length: 400 }, (_, later) => {
        seen.take(windowOf(LEARNED + later, { tokens }, series.values(LEARNED)));
        const [alert] = seen.takeChanged();
        return alert?.reasons.find(({ feature }) => feature === 'tokenSurprise')!.value;
      });
    };
    const frozen = attack({ ...OPTIONS, learnUntilUs: 0 });
    expect(new Set(frozen).size).toBe(1);
    expect(frozen[0]).toBeGreaterThan(0);
    expect(attack(OPTIONS)).toEqual(frozen);
  });
});
