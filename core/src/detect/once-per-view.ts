/** What a detector counts of a pane is wanted twice: for its findings, and for what is usual. It is counted once. */
import type { PaneView } from '../window/pane-view.ts';
import type { DetectorConfig } from './config.ts';

type Count<T> = (view: PaneView, config: DetectorConfig) => T;

/** The same function, which remembers what it said of a view as long as the view lives. Its answers are read only. */
export function oncePerView<T>(count: Count<T>): Count<T> {
  const known = new WeakMap<PaneView, { readonly config: DetectorConfig; readonly counted: T }>();
  return (view, config) => {
    const before = known.get(view);
    if (before?.config === config) return before.counted;
    const counted = count(view, config);
    known.set(view, { config, counted });
    return counted;
  };
}
