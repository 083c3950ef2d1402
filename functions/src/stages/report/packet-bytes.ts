/**
 * `/packet/bytes`: the bytes of one packet, from where frames are kept. Frames carry no number: the one that has the
 * packet's time and, decoded, every column of its stored row is the one.
 */
import { Decoder } from '@tapline/core/decode/decoder';
import { headerSpans } from '@tapline/core/decode/header-spans';
import { allocateColumns, BATCH_CAPACITY, clearColumns } from '@tapline/core/packet/columns';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PACKET_BYTES_MOST, type PacketBytes } from '@tapline/core/report/packet-bytes';
import { packetDetail, type PacketDetail } from '@tapline/core/report/packet-detail';
import type { ReportPorts } from '../report.ts';
import { NO_SHELF } from './capture.ts';
import { findPacket } from './search.ts';

/** Fields of a row that are not in the frame: its place in the session, and what was found out beside it. */
const NOT_IN_FRAME = new Set(['number', 'flow', 'direction', 'quality']);

/** What one frame has to be equal in; a packet of another session, too. */
const looksOf = ({ fields }: PacketDetail): string =>
  JSON.stringify(fields.filter(({ name }) => !NOT_IN_FRAME.has(name)).map(({ name, value }) => [name, value]));

/** Takes frames and keeps the first that looks right. */
class Match implements FrameSink {
  readonly #wanted: string;
  readonly #columns = allocateColumns();
  readonly #decoder = new Decoder();
  #row = 0;
  found: Pick<PacketBytes, 'hex' | 'capturedLength' | 'length' | 'layers'> | undefined;
  alike = 0;

  constructor(wanted: string) {
    this.#wanted = wanted;
  }

  frame(...[bytes, offset, captured, wire, timeUs, timeNs, linkType]: Parameters<FrameSink['frame']>): void {
    const columns = this.#columns;
    if (this.#row === 0) clearColumns(columns, 1);
    const row = this.#row;
    this.#row = (row + 1) % BATCH_CAPACITY;
    this.#decoder.decode(columns, row, bytes, offset, captured, wire, timeUs, timeNs, linkType);
    columns.count = row + 1;
    if (looksOf(packetDetail(columns, row, '')) !== this.#wanted) return;
    this.alike++;
    if (this.found !== undefined) return;
    const frame = bytes.slice(offset, offset + captured);
    this.found = {
      hex: hexOf(frame.subarray(0, PACKET_BYTES_MOST)),
      capturedLength: captured,
      length: wire,
      layers: headerSpans(frame, wire, linkType),
    };
  }
}

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Parameters: `sensor`, `session`, `number`, `at`, as of `/packet`. Throws NotFound when there is no such packet. */
export async function packetBytes(ports: ReportPorts, parameters: URLSearchParams): Promise<PacketBytes> {
  const { sensor, detail } = await findPacket(ports, parameters);
  const { timeUs, length } = detail.line;
  const without = (reason: string): PacketBytes => ({
    ...{ version: 1, from: null, reason, hex: '', capturedLength: 0, length, layers: [], alike: 0 },
  });
  if (ports.frames === undefined) return without(NO_SHELF);
  const match = new Match(looksOf(detail));
  const within = { fromUs: timeUs, toUs: timeUs + 1 };
  const looked = await ports.frames.look(sensor, within, match, () => match.found !== undefined);
  if ('reason' in looked) return without(looked.reason);
  if (match.found !== undefined)
    return { version: 1, from: looked.from, reason: null, ...match.found, alike: match.alike };
  const [missing] = looked.missing;
  if (missing !== undefined) return without(`It is not in ${looked.from} any more: ${missing.reason}.`);
  return without(
    looked.cutShort
      ? `Looking through ${looked.from} takes too long for one packet: run with --record DIR, whose record is found by time.`
      : `There is no such packet in ${looked.from}.`,
  );
}
