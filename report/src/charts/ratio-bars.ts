/**
 * Why an alert was raised, in numbers: each value as a bar against the floor it had to reach and what is usual for this
 * entity. The scale starts at zero and is linear, so a value forty times the floor looks forty times as long.
 */
import type { Reason } from '@tapline/core/detect/alert';
import { scaleLinear } from 'd3-scale';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { measured, times } from '../format/numbers.ts';

const HEIGHT = 20;
const WIDTH = 400;

const marker = (name: string, at: number, title: string): VNode =>
  h('g', { class: `bound bound-${name}` }, h('title', {}, title), h('line', { x1: at, x2: at, y1: 1, y2: HEIGHT - 1 }));

const bar = (reason: Reason): VNode => {
  const { value, floor, baseline, unit } = reason;
  const x = scaleLinear([0, Math.max(value, floor, baseline ?? 0, Number.MIN_VALUE)], [0, WIDTH - 4]);
  const at = (amount: number): number => Math.round(Math.max(0, x(amount)) * 10) / 10 + 2;
  return h(
    'svg',
    { class: 'ratio-bar', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    h('rect', { class: 'track', x: 2, y: 5, width: WIDTH - 4, height: 10 }),
    h('rect', { class: 'value', x: 2, y: 5, width: Math.max(1, at(value) - 2), height: 10 }),
    marker('floor', at(floor), `floor ${measured(floor, unit)}`),
    baseline === null ? null : marker('baseline', at(baseline), `usual ${measured(baseline, unit)}`),
  );
};

/** `halfOpenRatio` → `half open ratio`. */
export function featureName(feature: string): string {
  return feature
    .replace(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .replace(/[-_]/gu, ' ')
    .toLowerCase();
}

const bounds = (reason: Reason): Child[] => [
  h('span', { class: 'bound-text floor' }, `floor ${measured(reason.floor, reason.unit)}`),
  h(
    'span',
    { class: 'bound-text baseline' },
    reason.baseline === null ? 'no baseline yet' : `usual ${measured(reason.baseline, reason.unit)}`,
  ),
];

/** The list of reasons in the order of the detector, which puts what matters most first. */
export function ratioBars(reasons: readonly Reason[]): VNode {
  return h(
    'ul',
    { class: 'ratio-bars' },
    reasons.map((reason) =>
      h(
        'li',
        {},
        h(
          'div',
          { class: 'ratio-head' },
          h('span', { class: 'ratio-name' }, featureName(reason.feature)),
          h('strong', { class: 'ratio-value' }, measured(reason.value, reason.unit)),
          h('span', { class: 'ratio-times' }, times(reason.ratio), h('span', { class: 'visually-hidden' }, ' the bar')),
        ),
        bar(reason),
        h('div', { class: 'ratio-bounds' }, bounds(reason)),
      ),
    ),
  );
}
