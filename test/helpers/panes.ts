/** From packet columns to panes and alerts for tests, the way the stages go but without stores: bytes of partials included. */
import { foldAlerts, type WindowStatus } from '@tapline/core/detect/alert-fold';
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import { NO_QUALITY } from '@tapline/core/detect/data-quality';
import { scorePane } from '@tapline/core/detect/registry';
import type { PacketColumns } from '@tapline/core/packet/columns';
import { buildPartials } from '@tapline/core/window/build-partials';
import { Pane } from '@tapline/core/window/pane';
import { decodePartial, encodePartial } from '@tapline/core/window/partial-codec';
import { DEFAULT_WINDOW_US } from '@tapline/core/window/time-window';
import type { WindowPartial } from '@tapline/core/window/window-partial';
import { buildFlowIndex, createFlowIndex } from '@tapline/core/wire/flow-index';

/** A window of which everything is there and nothing will change. */
export const FINAL: WindowStatus = { complete: true, final: true, quality: NO_QUALITY };

/** The partials of one batch. */
export function partialsOf(
  columns: PacketColumns,
  windowUs: number = DEFAULT_WINDOW_US,
  session = 'session',
): Map<number, WindowPartial> {
  const index = createFlowIndex();
  buildFlowIndex(columns, index);
  return buildPartials(columns, index, windowUs, session);
}

/** The panes of batches in time order; every partial goes through its byte form. */
export function panesOf(batches: readonly PacketColumns[], windowUs: number = DEFAULT_WINDOW_US): Pane[] {
  const panes = new Map<number, Pane>();
  for (const columns of batches) {
    for (const [startUs, partial] of partialsOf(columns, windowUs)) {
      let pane = panes.get(startUs);
      if (pane === undefined) panes.set(startUs, (pane = new Pane(startUs, windowUs)));
      pane.add(decodePartial(encodePartial(partial)));
    }
  }
  return [...panes.values()].sort((a, b) => a.windowStartUs - b.windowStartUs);
}

/** Evidence and alerts of batches as if they were a whole finished capture. */
export function alertsOf(batches: readonly PacketColumns[]): {
  readonly evidence: Evidence[];
  readonly alerts: Alert[];
} {
  const evidence = panesOf(batches).flatMap((pane) => scorePane(pane, 'sensor'));
  return { evidence, alerts: foldAlerts(evidence, () => FINAL) };
}
