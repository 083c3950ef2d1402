/** A whole window: the merge of its batches' partials. KPIs and detectors read it. */
import { PaneView } from './pane-view.ts';
import { WindowPartial } from './window-partial.ts';

export class Pane extends WindowPartial {
  #view: PaneView | undefined;

  /** Adds a batch's partial. Add them in batch order: beyond the bounds the order decides what is folded. */
  add(partial: WindowPartial): void {
    this.#view = undefined;
    this.merge(partial);
  }

  /** The pane as it is now, turned and numbered for grouping. */
  get view(): PaneView {
    return (this.#view ??= new PaneView(this));
  }
}
