/** The keys that work anywhere on the page; those of the time line and of lists are with them. */
import type { Controller } from './controller.ts';
import { openAlert, withPage, withPanel } from './state/url-state.ts';
import { triageKey } from './views/alert-keys.ts';
import { NAVIGATION } from './views/navigation.ts';

const isTyping = (event: KeyboardEvent): boolean =>
  event.ctrlKey ||
  event.metaKey ||
  event.altKey ||
  (event.target as Element).closest('input, select, textarea, dialog') !== null;

const focusOn = (selector: string): void => {
  document.querySelector<HTMLElement>(selector)?.focus();
};

/** Starts listening. */
export function listenForKeys(controller: Controller): void {
  const { actions } = controller;
  const keys: Readonly<Record<string, () => void>> = {
    '?': () => {
      actions.showHelp(true);
    },
    '/': () => {
      focusOn('.alert-filter input, .filter-bar input');
    },
    a: () => {
      focusOn('.alert-list a[aria-current], .alert-list a');
    },
    t: () => {
      focusOn('.timeline-plot');
    },
    m: () => {
      const { state } = controller.current;
      actions.go({ ...state, metric: state.metric === 'packets' ? 'bits' : 'packets' }, { replace: true });
    },
    '0': () => {
      actions.go({ ...controller.current.state, range: null });
    },
    Escape: () => {
      const { alert, page } = controller.current.state;
      if (page === 'alert') actions.go(withPage(controller.current.state, 'overview'));
      if (page !== 'overview') return;
      actions.go(withPanel(controller.current.state, {}));
      if (alert !== null) focusOn('.alert-list a');
    },
  };
  const turnTo = (key: string): (() => void) | undefined => {
    const entry = NAVIGATION[Number(key) - 1];
    if (entry === undefined) return undefined;
    return () => {
      actions.go(withPage(controller.current.state, entry.page));
    };
  };
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || isTyping(event)) return;
    const { state } = controller.current;
    const alert = state.page === 'alert' ? openAlert(state) : null;
    // On the page of an alert the letters are about it.
    if (alert !== null && triageKey({ model: controller.current, actions }, event.key, alert)) {
      event.preventDefault();
      return;
    }
    const action = keys[event.key] ?? turnTo(event.key);
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
