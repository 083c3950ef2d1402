/**
 * What the first bytes of a raw record say about where packets begin and end: a packet may take several records, because
 * `tcpdump -v` prints two lines or more for one, `tshark -T json` a hundred, and the shell pipe makes every line a record.
 */
import { sniffCapture } from '@tapline/core/pcap/sniff';
import { startsRecord } from '@tapline/core/text/record-start';

const NEWLINE = 0x0a;
const TIMELESS = /^(IP6?,? |R?ARP, )/;
/** Bytes of a line that are looked at. */
const LOOK = 512;

/** Whether the record is a whole capture file. */
export function isCapture(value: Uint8Array): boolean {
  return sniffCapture(value) !== 'unknown';
}

/**
 * Whether a packet begins here: where parse says that one does, and, as text of `tcpdump -t` has no such place, at a line
 * that names the network layer.
 */
export function startsPacket(value: Uint8Array): boolean {
  const end = value.indexOf(NEWLINE);
  const line = end < 0 ? value : value.subarray(0, end);
  return startsRecord(line) || TIMELESS.test(textOf(line.subarray(0, 8)));
}

/** Whether the packet is known to go on after its last record so far. */
export function expectsMore(first: Uint8Array, last: Uint8Array): boolean {
  const line = textOf(last);
  const opening = textOf(first).trim();
  // tcpdump -v: "13:40:00.1 IP (tos 0x0, …, length 60)" and the addresses in the next line.
  if (first === last && /(^|\s)IP6? \([^\n]*\)$/.test(line)) return true;
  if (opening !== '{' && opening !== '[') return false;
  return !/^( {2})?(?:[}\]],?|,)$/.test(line);
}

/** Lines in a record: whole files of text come as one record too. */
export function linesOf(value: Uint8Array): number {
  let lines = 1;
  for (let at = value.indexOf(NEWLINE); at !== -1 && at < value.length - 1; at = value.indexOf(NEWLINE, at + 1))
    lines++;
  return lines;
}

/** A line without what ends it; a long one gives its first and last bytes only. */
function textOf(value: Uint8Array): string {
  const bytes = value.length <= 2 * LOOK ? value : Buffer.concat([value.subarray(0, LOOK), value.subarray(-LOOK)]);
  return Buffer.from(bytes).toString('latin1').trimEnd();
}
