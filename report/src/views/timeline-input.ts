/** Pointer and keyboard on the time line: move, brush to zoom, click to choose a window, pan, and the same by keys. */
import type { TimeRange } from '@tapline/core/ports';
import type { TimelineFrame } from '../charts/time-frame.ts';
import type { Properties } from '../dom/vnode.ts';
import { withPanel } from '../state/url-state.ts';
import type { View } from './model.ts';

export interface TimelineGeometry {
  readonly frame: Omit<TimelineFrame, 'top'>;
  readonly range: TimeRange;
  readonly extent: TimeRange;
  readonly resolutionUs: number;
  readonly windowUs: number;
}

/** A drag shorter than this many pixels is a click. */
const CLICK = 4;
/** The closest zoom, in buckets of one second. */
const CLOSEST_US = 5_000_000;

/** Zooms around a moment; `factor` below 1 zooms in. Null = so far out that everything shows. */
export function zoomed(range: TimeRange, extent: TimeRange, aroundUs: number, factor: number): TimeRange | null {
  const span = Math.max(CLOSEST_US, (range.toUs - range.fromUs) * factor);
  if (span >= extent.toUs - extent.fromUs) return null;
  const share = (aroundUs - range.fromUs) / (range.toUs - range.fromUs);
  const fromUs = Math.min(Math.max(Math.round(aroundUs - share * span), extent.fromUs), extent.toUs - Math.round(span));
  return { fromUs, toUs: fromUs + Math.round(span) };
}

/** Moves a range by a share of its span, staying inside the extent. */
export function panned(range: TimeRange, extent: TimeRange, share: number): TimeRange {
  const span = range.toUs - range.fromUs;
  const wished = range.fromUs + Math.round(span * share);
  const fromUs = Math.max(extent.fromUs, Math.min(wished, extent.toUs - span));
  return { fromUs, toUs: fromUs + span };
}

/** Widens a brushed range to whole buckets, so that the link names clean times. */
export function snapped(range: TimeRange, stepUs: number): TimeRange {
  return { fromUs: Math.floor(range.fromUs / stepUs) * stepUs, toUs: Math.ceil(range.toUs / stepUs) * stepUs };
}

const timeOf = (event: Event, geometry: TimelineGeometry): number => {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return geometry.frame.timeAt((event as PointerEvent).clientX - box.left);
};

const openWindow = (view: View, geometry: TimelineGeometry, timeUs: number): void => {
  const window = Math.floor(timeUs / geometry.windowUs) * geometry.windowUs;
  view.actions.go(withPanel(view.model.state, { window }));
};

/** The anchor of the drag under way: one pointer, one page. */
let dragStart: { readonly timeUs: number; readonly clientX: number } | null = null;

const pointerHandlers = (view: View, geometry: TimelineGeometry): Properties => ({
  onpointerdown: (event) => {
    const { clientX, button, pointerId } = event as PointerEvent;
    if (button !== 0 || (event.target as Element).closest('a') !== null) return;
    dragStart = { timeUs: timeOf(event, geometry), clientX };
    (event.currentTarget as Element).setPointerCapture(pointerId);
  },
  onpointermove: (event) => {
    const timeUs = timeOf(event, geometry);
    if (dragStart !== null && Math.abs((event as PointerEvent).clientX - dragStart.clientX) >= CLICK) {
      view.actions.setBrush({ fromUs: Math.min(dragStart.timeUs, timeUs), toUs: Math.max(dragStart.timeUs, timeUs) });
    }
    view.actions.setCursor(timeUs);
  },
  onpointerup: (event) => {
    if (dragStart === null) return;
    const { brush } = view.model;
    dragStart = null;
    view.actions.setBrush(null);
    if (brush === null) {
      openWindow(view, geometry, timeOf(event, geometry));
      return;
    }
    view.actions.go({ ...view.model.state, range: snapped(brush, 1_000_000) });
  },
  onpointercancel: () => {
    dragStart = null;
    view.actions.setBrush(null);
  },
  onpointerleave: () => {
    if (dragStart === null) view.actions.setCursor(null);
  },
});

const keyed = (view: View, geometry: TimelineGeometry, key: string, shift: boolean): boolean => {
  const { range, extent, resolutionUs } = geometry;
  const { state } = view.model;
  const at = view.model.cursorUs ?? (range.fromUs + range.toUs) / 2;
  const zoomTo = (next: TimeRange | null): void => {
    view.actions.go({ ...state, range: next });
  };
  const move = (direction: number): void => {
    if (shift) {
      if (state.range !== null) zoomTo(panned(range, extent, direction / 4));
      return;
    }
    // At least three pixels, so that the cursor visibly moves on a long time line.
    const least = ((range.toUs - range.fromUs) / (geometry.frame.right - geometry.frame.left)) * 3;
    const step = Math.ceil(least / resolutionUs) * resolutionUs;
    view.actions.setCursor(Math.min(range.toUs - 1, Math.max(range.fromUs, at + direction * step)));
  };
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => {
      move(-1);
    },
    ArrowRight: () => {
      move(1);
    },
    Home: () => {
      view.actions.setCursor(range.fromUs);
    },
    End: () => {
      view.actions.setCursor(range.toUs - 1);
    },
    '+': () => {
      zoomTo(zoomed(range, extent, at, 0.5));
    },
    '=': () => {
      zoomTo(zoomed(range, extent, at, 0.5));
    },
    '-': () => {
      zoomTo(zoomed(range, extent, at, 2));
    },
    '0': () => {
      zoomTo(null);
    },
    Enter: () => {
      openWindow(view, geometry, at);
    },
  };
  const action = actions[key];
  action?.();
  return action !== undefined;
};

/** The handlers of the element around the SVG. */
export function timelineInput(view: View, geometry: TimelineGeometry): Properties {
  return {
    ...pointerHandlers(view, geometry),
    onkeydown: (event) => {
      const { key, shiftKey, ctrlKey, metaKey, altKey } = event as KeyboardEvent;
      if (ctrlKey || metaKey || altKey || event.target !== event.currentTarget) return;
      if (keyed(view, geometry, key, shiftKey)) event.preventDefault();
    },
  };
}
