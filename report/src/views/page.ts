/** The page as a function of the model: header, time line, alerts beside what is chosen, its packets, and the talkers. */
import { h, type VNode } from '../dom/vnode.ts';
import { writeIn } from '../format/time-zone.ts';
import type { PageName } from '../state/url-state.ts';
import { alertList } from './alert-list.ts';
import { alertPage } from './alert-page.ts';
import { alertPanel } from './alert-panel.ts';
import { booksPanel } from './books-panel.ts';
import { flowPanel } from './flow-panel.ts';
import { helpDialog } from './help-dialog.ts';
import { hostPage } from './host-page.ts';
import { hostsPage } from './hosts-page.ts';
import type { View } from './model.ts';
import { navigation, pageTitle } from './navigation.ts';
import { pageHeader } from './page-header.ts';
import { packetsPage } from './packets-page.ts';
import { packetsPanel } from './packets-panel.ts';
import { pipelinePage } from './pipeline-page.ts';
import { scorecardPage } from './scorecard-page.ts';
import { signInView } from './sign-in.ts';
import { summaryPanel } from './summary-panel.ts';
import { talkers } from './talkers.ts';
import { timelinePanel } from './timeline-panel.ts';
import { toast, triageDialog } from './triage-dialog.ts';
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

const overviewPage = (view: View): (VNode | null)[] => [
  timelinePanel(view),
  h('div', { class: 'pair', key: 'pair' }, alertList(view), sidePanel(view)),
  packetsPanel(view),
  flowPanel(view),
  talkers(view),
];

/** What stands in main, by page. */
const CONTENT: Readonly<Record<PageName, (view: View) => readonly (VNode | null)[]>> = {
  overview: overviewPage,
  alert: alertPage,
  hosts: (view) => {
    const { subject } = view.model.state;
    return subject === null ? hostsPage(view) : hostPage(view, subject);
  },
  packets: packetsPage,
  pipeline: pipelinePage,
  scorecard: scorecardPage,
};

export function page(view: View): VNode[] {
  writeIn(view.model.state.zone);
  if (view.model.signIn !== null) return [signInView(view)];
  const { page: name } = view.model.state;
  const nodes = [
    pageHeader(view),
    navigation(view),
    trouble(view),
    h(
      'main',
      {
        key: `main-${name}`,
        id: 'main',
        class: `page-${name}`,
        tabindex: -1,
        'aria-label': pageTitle(view.model.state),
      },
      CONTENT[name](view),
    ),
    helpDialog(view),
    triageDialog(view),
    toast(view),
  ];
  return nodes.filter((node) => node !== null);
}
