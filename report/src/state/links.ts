/** Where the names on the page lead: a host to its page, whatever text it stands in. */
import { parseAddress } from '@tapline/core/packet/address';
import { splitEndpoint } from '@tapline/core/packet/host-range';
import { formatState, withPage, type PageState } from './url-state.ts';

/** The page of the host that an address, or an address with a port, names; undefined when it names none. */
export function hostHref(state: PageState, text: string): string | undefined {
  const { host } = splitEndpoint(text);
  return parseAddress(host) === undefined ? undefined : formatState(withPage(state, 'hosts', { subject: host }));
}

/** The packets that a filter of docs/query.md selects. */
export function packetsHref(state: PageState, filter: string): string {
  return formatState(withPage(state, 'packets', { filter }));
}
