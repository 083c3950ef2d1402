/** The alert that a sensor's window is unlike its history, in words: which KPIs, how rare, and who was behind them. */
import { figure, rounded } from '../detect/detector.ts';
import { FEATURES } from './features.ts';
import type { FeatureReading, Reading } from './kpi-model.ts';
import type { SeenWindow, SlowFinding } from './slow-finding.ts';
import type { SurprisingToken, TokenModel } from './token-model.ts';
import { tokenText } from '../window/flow-token.ts';

/** Rarer than this is a number nobody can believe. */
const LEAST_PROBABILITY = 1e-12;

/** KPIs that are named. */
const NAMED = 3;
const TOKEN_SURPRISE = FEATURES.findIndex(({ name }) => name === 'tokenSurprise');

/**
 * @param allowed probability of an alarm that the operator asked for
 * @param tokens as they were known before the window
 */
export function unlikeHistory(
  { row, observations }: SeenWindow,
  reading: Reading,
  allowed: number,
  tokens: TokenModel,
): SlowFinding {
  const probability = Math.max(reading.probability, LEAST_PROBABILITY);
  const named = reading.features.slice(0, NAMED);
  const [main, ...others] = named as [FeatureReading, ...FeatureReading[]];
  const hosts = row.topSources.slice(0, 5);
  const behind =
    hosts.length === 0
      ? ''
      : `; most bytes from ${hosts
          .slice(0, 3)
          .map(({ key }) => key)
          .join(', ')}`;
  const surprise = named.find(({ feature }) => feature === TOKEN_SURPRISE);
  const kinds = surprise === undefined ? '' : kindsText(tokens.surprising(observations.tokens, surprise.usual, NAMED));
  return {
    detector: 'unlike-history',
    // The name of the sensor is not what the packets say; it stands in the alert.
    entity: 'sensor',
    subject: '',
    // 1 at the threshold, one more for every decade beyond it.
    ratio: 1 + Math.max(0, Math.log10(allowed / probability)),
    summary:
      `unlike this sensor's history: ${textOf(main)}, about one in ${figure(Math.round(1 / probability))} windows` +
      ` (next: ${others.map(textOf).join('; ')})${kinds}${behind}`,
    reasons: named.map((feature) => {
      const { name, unit } = FEATURES[feature.feature]!;
      const value = rounded(feature.value);
      const usual = rounded(feature.usual);
      const ratio = rounded(usual === 0 ? value : value / usual);
      return { feature: name, value, unit, floor: 0, baseline: usual, ratio };
    }),
    contributors: hosts.map(({ key, bytes }) => ({ key, value: bytes, unit: 'bytes' })),
    attack: [],
    firstUs: row.windowStartUs,
    lastUs: row.windowEndUs - 1,
    filter: {},
  };
}

function textOf({ feature, value, usual }: FeatureReading): string {
  const { name, unit } = FEATURES[feature]!;
  return `${name} ${figure(rounded(value))} ${unit} where ${figure(rounded(usual))} is usual`;
}

/** The kinds of flows that surprise most, with where they began. */
function kindsText(kinds: readonly SurprisingToken[]): string {
  if (kinds.length === 0) return '';
  const texts = kinds.map(({ token, flows, bits, host }) => {
    const from = host === '' ? '' : `, ${flows > 1 ? 'most ' : ''}from ${host}`;
    return `${figure(flows)} of ${tokenText(token)} (${figure(rounded(bits))} bits each${from})`;
  });
  return `; the kinds of flows that surprise most: ${texts.join('; ')}`;
}
