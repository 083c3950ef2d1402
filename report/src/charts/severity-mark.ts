/** Severity as one to four filled steps: readable without colour, and the same everywhere on the page. */
import { SEVERITIES, type Severity } from '@tapline/core/detect/alert';
import { h, type VNode } from '../dom/vnode.ts';

/** A small picture; the word itself belongs beside it. */
export function severityMark(severity: Severity): VNode {
  const level = SEVERITIES.indexOf(severity) + 1;
  return h(
    'svg',
    { class: `severity-mark severity-${severity}`, viewBox: '0 0 16 14', width: 16, height: 14, 'aria-hidden': 'true' },
    SEVERITIES.map((_, step) =>
      h('rect', {
        class: step < level ? 'on' : 'off',
        x: step * 4 + 0.5,
        y: 9 - step * 3,
        width: 3,
        height: 4 + step * 3,
        rx: 0.5,
      }),
    ),
  );
}
