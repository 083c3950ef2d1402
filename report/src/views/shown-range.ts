/** Which time a chart shows, and what is not known of it, while the answer for it may still be on its way. */
import type { TimeRange } from '@tapline/core/ports';
import type { Overview, SeriesGap } from '@tapline/core/report/snapshot';
import type { View } from './model.ts';

/** The reader's choice at once, although the answer for it may not be here yet; null while there is nothing to show. */
export function shownRange(view: View, overview: Overview | null): TimeRange | null {
  return overview?.range == null ? null : (view.model.state.range ?? overview.extent);
}

/** Nothing is known of the parts of `shown` that the answer at hand does not cover. */
export function gapsWithin(overview: Overview, shown: TimeRange): SeriesGap[] {
  const { fromUs, toUs } = overview.range ?? shown;
  const open = (from: number, to: number): SeriesGap[] =>
    to > from ? [{ fromUs: from, toUs: to, kind: 'open', missingPackets: 0 }] : [];
  const inside = overview.gaps.filter((gap) => gap.fromUs < shown.toUs && gap.toUs > shown.fromUs);
  return [
    ...open(shown.fromUs, Math.min(fromUs, shown.toUs)),
    ...inside,
    ...open(Math.max(toUs, shown.fromUs), shown.toUs),
  ];
}
