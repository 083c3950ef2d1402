/** The page as a function of the model: header, time line, alerts beside what is chosen, its packets, and the talkers. */
import { h, type VNode } from '../dom/vnode.ts';
import { alertList } from './alert-list.ts';
import { alertPanel } from './alert-panel.ts';
import { booksPanel } from './books-panel.ts';
import { helpDialog } from './help-dialog.ts';
import type { View } from './model.ts';
import { pageHeader } from './page-header.ts';
import { packetsPanel } from './packets-panel.ts';
import { signInView } from './sign-in.ts';
import { summaryPanel } from './summary-panel.ts';
import { talkers } from './talkers.ts';
import { timelinePanel } from './timeline-panel.ts';
import { windowPanel } from './window-panel.ts';

const sidePanel = (view: View): VNode => {
  const { state } = view.model;
  if (state.alert !== null) return alertPanel(view);
  if (state.window !== null) return windowPanel(view);
  if (state.view === 'books') return booksPanel(view);
  return summaryPanel(view);
};

const trouble = (view: View): VNode | null => {
  const { overview } = view.model;
  if (overview.error === null) return null;
  return h('p', { class: 'notice', role: 'alert', key: 'trouble' }, overview.error);
};

export function page(view: View): VNode[] {
  if (view.model.signIn !== null) return [signInView(view)];
  const nodes = [
    pageHeader(view),
    trouble(view),
    h(
      'main',
      { key: 'main', id: 'main', 'aria-label': 'Report' },
      timelinePanel(view),
      h('div', { class: 'pair', key: 'pair' }, alertList(view), sidePanel(view)),
      packetsPanel(view),
      talkers(view),
    ),
    helpDialog(view),
  ];
  return nodes.filter((node) => node !== null);
}
