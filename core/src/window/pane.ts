/** A whole window: the merge of its batches' partials. */
import { PANE_CONTACTS } from './flow-bucket.ts';
import { WindowPartial } from './window-partial.ts';

/** A WindowPartial with a pane's larger contact sets; KPIs and detectors read it. */
export class Pane extends WindowPartial {
  constructor(windowStartUs: number, windowUs: number) {
    super(windowStartUs, windowUs, PANE_CONTACTS);
  }

  /** Adds a batch's partial. Add them in batch order: beyond the bounds the order decides what is folded. */
  add(partial: WindowPartial): void {
    this.merge(partial);
  }
}
