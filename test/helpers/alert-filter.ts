/** The filter of an alert in the words of Wireshark's display filters, and what that selects. */
import type { PacketFilter } from '@tapline/core/detect/alert';
import type { SeenFrame } from './frames.ts';
import { tsharkFrames } from './tshark-frames.ts';

/** The frames of `capture` that tshark selects by it; the time is compared here. */
export function tsharkFramesOf(
  capture: string,
  { host, peer, port, protocol, fromUs, toUs }: PacketFilter,
): SeenFrame[] {
  const terms = [
    ...(host === undefined ? [] : [`ip.addr==${host}`]),
    ...(peer === undefined ? [] : [`ip.addr==${peer}`]),
    ...(port === undefined ? [] : [`${protocol!}.port==${port}`]),
    ...(protocol === undefined ? [] : [`${protocol} && !icmp`]),
  ];
  return tsharkFrames(capture, terms.join(' && ')).filter(({ timeUs }) => timeUs >= fromUs && timeUs < toUs);
}
