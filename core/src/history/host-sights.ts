/**
 * What the detectors counted of each host in a window, below their floors too: what the history learns the usual from. Of
 * each statistic the hosts with evidence and then the largest are noted; the others are counted.
 */
import type { Evidence } from '../detect/alert.ts';
import { DETECTOR_CONFIG } from '../detect/config.ts';
import type { Detector, Statistic } from '../detect/detector.ts';
import { DETECTOR_LIST } from '../detect/registry.ts';
import { USUAL_CONFIG } from '../detect/usual.ts';
import type { PaneView } from '../window/pane-view.ts';
import type { HostSight } from './observations.ts';

/** A statistic and whose it is. */
export interface OwnedStatistic extends Statistic {
  readonly detector: Detector['name'];
}

/** All there are. */
export const STATISTICS: readonly OwnedStatistic[] = DETECTOR_LIST.flatMap(({ name, statistics }) =>
  statistics.map((statistic) => ({ ...statistic, detector: name })),
);

/** The name under which a statistic is kept. */
export const statisticKey = ({ detector, feature }: Pick<OwnedStatistic, 'detector' | 'feature'>): string =>
  `${detector}/${feature}`;

/** Whose usual an alert or its evidence is held against: the host that it is about, whatever the port. */
export const usualEntity = ({ entity, filter }: Pick<Evidence, 'entity' | 'filter'>): string => filter.host ?? entity;

/** @param evidence that the window gave */
export function sightHosts(
  view: PaneView,
  evidence: readonly Evidence[],
): { readonly hosts: HostSight[]; readonly folded: number } {
  const hosts: HostSight[] = [];
  let folded = 0;
  for (const statistic of STATISTICS) {
    const { detector } = statistic;
    const evident = new Set(evidence.filter((one) => one.detector === detector).map(usualEntity));
    const found = measured(view, statistic);
    // Names take longer to make than all the rest: of few hosts only, or of all where evidence may be about any.
    const named = evident.size === 0 ? largest(found) : found;
    const sights = named
      .map(([host, value]): HostSight => {
        const entity = view.hosts.text(host);
        return { statistic: statisticKey(statistic), entity, value, isEvident: evident.has(entity) };
      })
      .sort((a, b) => Number(b.isEvident) - Number(a.isEvident) || b.value - a.value || (a.entity < b.entity ? -1 : 1))
      .slice(0, USUAL_CONFIG.noted);
    hosts.push(...sights);
    folded += found.length - sights.length;
  }
  return { hosts, folded };
}

type Measured = readonly [host: number, value: number];

function measured(view: PaneView, { measure, floor }: OwnedStatistic): Measured[] {
  const least = Math.max(1, floor(DETECTOR_CONFIG) * USUAL_CONFIG.notedShare);
  return [...measure(view, DETECTOR_CONFIG)].filter(([host, value]) => value >= least && view.hosts.isUnicast(host));
}

/** The largest, and all that are as large as the smallest of them: which of those are noted, their names decide. */
function largest(found: readonly Measured[]): readonly Measured[] {
  if (found.length <= USUAL_CONFIG.noted) return found;
  const values = Float64Array.from(found, ([, value]) => value).sort();
  const least = values[values.length - USUAL_CONFIG.noted]!;
  return found.filter(([, value]) => value >= least);
}
