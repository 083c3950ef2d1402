/** The packets behind an alert as a file for Wireshark: a link to download them, or a sentence that says why there is none. */
import type { Alert } from '@tapline/core/detect/alert';
import type { AlertCapture, MissingFrames } from '@tapline/core/report/snapshot';
import { downloadAddress } from '../api/client.ts';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, short } from '../format/numbers.ts';
import { zonedRange, zonedTime } from '../format/times.ts';
import type { View } from './model.ts';

/** Missing times that are named. */
const MISSING_MOST = 5;

const missingText = ({ fromUs, toUs, reason }: MissingFrames): string =>
  toUs === null ? `from ${zonedTime(fromUs)}: ${reason}` : `${zonedRange(fromUs, toUs)}: ${reason}`;

const foundText = ({ from, packets, bytes, missing, open }: AlertCapture): string => {
  const found = packets === null ? 'Packets' : `${counted(packets, 'packet')} (${short(bytes ?? 0, 'B')})`;
  const whole = missing.length === 0 ? (open ? ', still being written' : ', nothing missing') : '';
  const more = packets === null ? '; counting them would take longer than the download' : '';
  return `${found} from ${from!}${whole}${more}.`;
};

const missingList = ({ missing }: AlertCapture): Child => {
  if (missing.length === 0) return null;
  const left = missing.length - MISSING_MOST;
  return h(
    'div',
    { class: 'capture-missing' },
    h('p', {}, 'Some of the alert’s time is missing, so there may have been more packets:'),
    h(
      'ul',
      {},
      missing.slice(0, MISSING_MOST).map((range, index) => h('li', { key: String(index) }, missingText(range))),
      left > 0 ? h('li', { key: 'more' }, `and ${counted(left, 'more time')}`) : null,
    ),
  );
};

export function captureSection(view: View, alert: Alert): VNode {
  const { value, error } = view.model.capture;
  const children: Child[] = [];
  if (value === null) children.push(h('p', { class: 'hint' }, error ?? 'Looking for the packets…'));
  else if (value.from === null) children.push(h('p', { class: 'hint' }, value.reason ?? ''));
  else {
    if (value.packets !== 0) {
      const href = downloadAddress(alert.id);
      children.push(h('a', { class: 'button download', href, download: '' }, 'Download pcap'));
    }
    children.push(h('span', { class: 'hint' }, foundText(value)), missingList(value));
  }
  return h('div', { class: 'capture', 'aria-live': 'polite' }, children);
}
