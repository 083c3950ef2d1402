/** A whole window: the merge of its batches' partials. KPIs and detectors read it. */
import { WindowPartial } from './window-partial.ts';

export class Pane extends WindowPartial {
  /** Adds a batch's partial. Add them in batch order: beyond the bounds the order decides what is folded. */
  add(partial: WindowPartial): void {
    this.merge(partial);
  }
}
