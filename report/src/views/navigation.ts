/** The way between the pages: a line of links under the head, one per page, the current one marked. */
import { h, type VNode } from '../dom/vnode.ts';
import { formatState, withPage, type PageName, type PageState } from '../state/url-state.ts';
import type { View } from './model.ts';

/** In the order of the links, and of the keys 1, 2, 3 … */
export const NAVIGATION: readonly { readonly page: PageName; readonly title: string }[] = [
  { page: 'overview', title: 'Overview' },
  { page: 'hosts', title: 'Hosts' },
];

/** Names the page, for its title and for whoever hears it. */
export function pageTitle({ page, subject }: PageState): string {
  if (page === 'alert') return 'Alert';
  if (page === 'hosts' && subject !== null) return `Host ${subject}`;
  return NAVIGATION.find((entry) => entry.page === page)?.title ?? 'Overview';
}

export function navigation(view: View): VNode {
  const { state } = view.model;
  return h(
    'nav',
    { class: 'navigation', key: 'navigation', 'aria-label': 'Pages' },
    h(
      'ul',
      {},
      NAVIGATION.map(({ page, title }) => {
        const here = page === state.page;
        // On the page of one host the link leads back to the list, so it is current, but not the page itself.
        const current = here ? (state.subject === null ? 'page' : 'true') : null;
        return h(
          'li',
          { key: page },
          h('a', { href: formatState(withPage(state, page)), 'aria-current': current }, title),
        );
      }),
    ),
  );
}
