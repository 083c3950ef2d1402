/** The keys of the list of alerts: j and k move, a acknowledges, n notes, m mutes, u takes the last back, o opens the page. */
import { formatState, withPage } from '../state/url-state.ts';
import type { View } from './model.ts';

/** What a letter does to an alert. */
export function triageKey(view: View, key: string, alertId: string): boolean {
  const { actions } = view;
  const keys: Readonly<Record<string, () => void>> = {
    a: () => {
      actions.triage(alertId, { action: 'acknowledge', text: '' });
    },
    n: () => {
      actions.showTriage({ action: 'note', alertId });
    },
    m: () => {
      actions.showTriage({ action: 'mute', alertId });
    },
    u: () => {
      actions.undoTriage();
    },
  };
  keys[key]?.();
  return key in keys;
}

const target = (key: string, at: number, count: number): number | undefined =>
  ({ ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: count - 1 })[key];

/** Handles the keys pressed on a row. */
export function listKeys(view: View): (event: Event) => void {
  return (event) => {
    const { key, ctrlKey, metaKey, altKey } = event as KeyboardEvent;
    if (ctrlKey || metaKey || altKey) return;
    const links = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>('a[data-alert]')];
    const at = links.indexOf(document.activeElement as HTMLElement);
    const link = links[Math.max(0, target(key, at, links.length) ?? Infinity)];
    if (link !== undefined) {
      event.preventDefault();
      link.focus();
      return;
    }
    const alertId = links[at]?.dataset['alert'];
    if (alertId === undefined) return;
    if (key === 'o') view.actions.go(withPage(view.model.state, 'alert', { subject: alertId }));
    else if (!triageKey(view, key, alertId)) return;
    event.preventDefault();
  };
}

/** The page of an alert. */
export function alertHref(view: View, alertId: string): string {
  return formatState(withPage(view.model.state, 'alert', { subject: alertId }));
}
