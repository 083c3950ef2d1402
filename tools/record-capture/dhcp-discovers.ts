/**
 * A capture of DHCP DISCOVERs (RFC 2131), every one from another forged MAC, for tcpreplay to send: what DHCP starvation
 * tools send, without one (Debian has none).
 * Usage: node dhcp-discovers.ts TO.pcap COUNT SEED
 */
import { writeFileSync } from 'node:fs';
import { Prng } from '@tapline/core/eval/prng';
import { PcapWriter } from '@tapline/core/pcap/pcap-writer';

const ETHERNET = 14;
const IP = 20;
const UDP = 8;
const BOOTP = 236;
/** Magic cookie, message type DISCOVER, end; padded to the least BOOTP message. */
const OPTIONS = [0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255];
const MESSAGE = 300;
const GAP_US = 1000;

function discover(random: Prng): Uint8Array {
  const frame = new Uint8Array(ETHERNET + IP + UDP + MESSAGE);
  const view = new DataView(frame.buffer);
  // Locally administered, so that no maker's MAC is meant.
  const mac = [0x02, random.below(256), random.below(256), random.below(256), random.below(256), random.below(256)];
  frame.fill(0xff, 0, 6);
  frame.set(mac, 6);
  view.setUint16(12, 0x0800);
  frame.set([0x45, 0x10], ETHERNET);
  view.setUint16(ETHERNET + 2, IP + UDP + MESSAGE);
  frame.set([128, 17], ETHERNET + 8);
  view.setUint32(ETHERNET + 16, 0xffffffff);
  view.setUint16(ETHERNET + 10, internetChecksum(view));
  const udp = ETHERNET + IP;
  view.setUint16(udp, 68);
  view.setUint16(udp + 2, 67);
  // A checksum of 0 says that there is none.
  view.setUint16(udp + 4, UDP + MESSAGE);
  const bootp = udp + UDP;
  frame.set([1, 1, 6, 0], bootp);
  view.setUint32(bootp + 4, random.u32());
  view.setUint16(bootp + 10, 0x8000);
  frame.set(mac, bootp + 28);
  frame.set(OPTIONS, bootp + BOOTP);
  return frame;
}

/** RFC 1071, over the IP header. */
function internetChecksum(view: DataView): number {
  let sum = 0;
  for (let at = ETHERNET; at < ETHERNET + IP; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

const [to, count, seed] = process.argv.slice(2);
if (to === undefined || !(Number(count) > 0) || !(Number(seed) >= 0)) {
  throw new Error('usage: node dhcp-discovers.ts TO.pcap COUNT SEED');
}
const random = new Prng(Number(seed));
const pieces: Uint8Array[] = [];
const writer = new PcapWriter((bytes) => pieces.push(bytes.slice()));
for (let n = 0; n < Number(count); n++) {
  const frame = discover(random);
  writer.frame(frame, 0, frame.length, frame.length, n * GAP_US, 0, 1);
}
writer.flush();
writeFileSync(to, Buffer.concat(pieces));
