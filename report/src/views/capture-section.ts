/** The packets behind an alert as a file for Wireshark: a link or a button to download them, or a sentence that says why there is none. */
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

/** Where nobody signs in, a link, which the browser downloads by itself; else a button, since a link goes without the token. */
const downloadControl = ({ model, actions }: View, { id }: Alert): VNode => {
  if (model.reader === null) {
    return h('a', { class: 'button download', href: downloadAddress(id), download: '' }, 'Download pcap');
  }
  const disabled = model.download?.busy === true;
  const onclick = (): void => {
    actions.download(id);
  };
  return h('button', { type: 'button', class: 'button download', disabled, onclick }, 'Download pcap');
};

const downloadText = ({ model: { download } }: View, { id }: Alert): Child => {
  if (download?.alertId !== id) return null;
  const { busy, error, receivedBytes } = download;
  if (error !== null) return h('p', { class: 'capture-missing', role: 'alert' }, error);
  const received = short(receivedBytes, 'B');
  return h('span', { class: 'hint' }, busy ? `Downloading: ${received} so far…` : `Downloaded ${received}.`);
};

export function captureSection(view: View, alert: Alert): VNode {
  const { value, error } = view.model.capture;
  const children: Child[] = [];
  if (value === null) children.push(h('p', { class: 'hint' }, error ?? 'Looking for the packets…'));
  else if (value.from === null) children.push(h('p', { class: 'hint' }, value.reason ?? ''));
  else {
    if (value.packets !== 0) children.push(downloadControl(view, alert));
    children.push(h('span', { class: 'hint' }, foundText(value)), missingList(value));
    children.push(downloadText(view, alert));
  }
  return h('div', { class: 'capture', 'aria-live': 'polite' }, children);
}
