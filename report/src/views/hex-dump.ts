/** The bytes of a packet as `tcpdump -X` writes them: offset, hex, ASCII; each header in a colour that the list above names. */
import type { HeaderSpan } from '@tapline/core/decode/header-spans';
import { PACKET_BYTES_MOST, type PacketBytes } from '@tapline/core/report/packet-bytes';
import { h, type Child, type VNode } from '../dom/vnode.ts';
import { counted, whole } from '../format/numbers.ts';
import type { View } from './model.ts';

const LINE_BYTES = 16;
/** What fits beside each other on a phone. */
const NARROW_LINE_BYTES = 8;
const NARROW_PX = 520;
/** Colours there are; a deeper header takes the first again. */
const COLOURS = 6;

const bytesOf = (hex: string): number[] => (hex.match(/../gu) ?? []).map((pair) => Number.parseInt(pair, 16));

/** Printable ASCII as it is, everything else a point: what a packet says never leaves its column. */
const letter = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.');
const pair = (byte: number): string => byte.toString(16).padStart(2, '0');
const offsetText = (at: number): string => `0x${at.toString(16).padStart(4, '0')}`;

const layerAt = (layers: readonly HeaderSpan[], at: number): number =>
  layers.findIndex(({ fromAt, toAt }) => at >= fromAt && at < toAt);

const colour = (layer: number): string => (layer < 0 ? 'layer-none' : `layer-${layer % COLOURS}`);

/** A stretch of one line that belongs to one header. */
const stretches = (
  layers: readonly HeaderSpan[],
  fromAt: number,
  toAt: number,
): [layer: number, from: number, to: number][] => {
  const found: [number, number, number][] = [];
  for (let at = fromAt; at < toAt; at++) {
    const layer = layerAt(layers, at);
    const last = found.at(-1);
    if (last?.[0] === layer) last[2] = at + 1;
    else found.push([layer, at, at + 1]);
  }
  return found;
};

const line = (bytes: readonly number[], layers: readonly HeaderSpan[], at: number, width: number): VNode => {
  const toAt = Math.min(at + width, bytes.length);
  const parts = stretches(layers, at, toAt);
  const padding = '   '.repeat(at + width - toAt);
  return h(
    'span',
    { class: 'hex-line', key: String(at) },
    h('span', { class: 'hex-offset' }, `${offsetText(at)}  `),
    ...parts.map(([layer, from, to]) =>
      h('span', { class: colour(layer) }, `${bytes.slice(from, to).map(pair).join(' ')} `),
    ),
    `${padding} `,
    ...parts.map(([layer, from, to]) =>
      h('span', { class: colour(layer) }, bytes.slice(from, to).map(letter).join('')),
    ),
    '\n',
  );
};

/** The same as text, to be pasted. */
const plainText = (bytes: readonly number[]): string => {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const part = bytes.slice(at, at + LINE_BYTES);
    const hex = part
      .map(pair)
      .join(' ')
      .padEnd(3 * LINE_BYTES);
    lines.push(`${offsetText(at)}  ${hex} ${part.map(letter).join('')}`);
  }
  return lines.join('\n');
};

const legend = (layers: readonly HeaderSpan[]): VNode =>
  h(
    'ol',
    { class: 'hex-layers', 'aria-label': 'Headers and their bytes' },
    layers.map(({ name, fromAt, toAt }, index) =>
      h(
        'li',
        { key: String(index) },
        h('span', { class: `hex-swatch ${colour(index)}`, 'aria-hidden': 'true' }),
        `${name} ${fromAt === toAt - 1 ? fromAt : `${fromAt}–${toAt - 1}`}`,
      ),
    ),
  );

const sourceText = ({ from, capturedLength, length, hex, alike }: PacketBytes): string => {
  const shown = hex.length / 2;
  const cut = capturedLength < length ? ` of ${whole(length)} on the wire, cut by the snap length` : '';
  const more = shown < capturedLength ? `; the first ${whole(PACKET_BYTES_MOST)} are shown` : '';
  const others =
    alike > 1 ? `; ${whole(alike)} frames of this moment have the same headers, and this is the first of them` : '';
  return `${counted(capturedLength, 'byte')}${cut}, from ${from!}${more}${others}.`;
};

/** Bytes, or a sentence that says why there are none. */
export function hexDump(view: View): Child[] {
  const { value, error } = view.model.bytes;
  const title = h('h3', { id: 'bytes-title' }, 'Bytes');
  if (value === null) return [title, h('p', { class: 'hint', role: 'status' }, error ?? 'Looking for the bytes…')];
  if (value.from === null) return [title, h('p', { class: 'hint', role: 'status' }, value.reason ?? '')];
  const bytes = bytesOf(value.hex);
  const width = view.model.width < NARROW_PX ? NARROW_LINE_BYTES : LINE_BYTES;
  const text = plainText(bytes);
  const lines: VNode[] = [];
  for (let at = 0; at < bytes.length; at += width) lines.push(line(bytes, value.layers, at, width));
  return [
    h(
      'div',
      { class: 'bytes-head' },
      title,
      h(
        'button',
        {
          type: 'button',
          'aria-label': 'Copy the bytes',
          onclick: () => {
            view.actions.copy(text);
          },
        },
        view.model.copied === text ? 'Copied' : 'Copy',
      ),
    ),
    h('p', { class: 'hint', role: 'status' }, sourceText(value)),
    legend(value.layers),
    h('pre', { class: 'hex', tabindex: 0, role: 'region', 'aria-label': 'Bytes in hex and ASCII' }, lines),
  ];
}
