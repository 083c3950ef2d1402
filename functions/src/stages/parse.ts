/**
 * parse: one delivered batch → its packets in the store, one partial per window it touches in the window state, and the
 * ledger's word for each step. Everything it writes is an upsert under the batch's id, so a redelivery, or a retry after
 * a crash anywhere between the steps, ends in the same state.
 */
import { countMinutes } from '@tapline/core/ledger/batch-minutes';
import { allocateColumns } from '@tapline/core/packet/columns';
import type { PacketColumns } from '@tapline/core/packet/columns';
import type { Codec, Hop, HopEntry, LedgerStore, PacketStore, WindowKey, WindowStore } from '@tapline/core/ports';
import { buildPartials } from '@tapline/core/window/build-partials';
import { encodePartial } from '@tapline/core/window/partial-codec';
import { createBatchScratch, decodeBatch } from '@tapline/core/wire/batch';
import type { BatchScratch } from '@tapline/core/wire/batch';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { batchId } from '@tapline/core/wire/batch-header';

/** Working memory of one caller; used only between awaits, so calls may overlap. */
export interface ParseScratch {
  readonly columns: PacketColumns;
  readonly coding: BatchScratch;
}

export function createParseScratch(): ParseScratch {
  return { columns: allocateColumns(), coding: createBatchScratch() };
}

export interface ParseDeps {
  readonly codecs: readonly Codec[];
  readonly packets: Pick<PacketStore, 'putBatch'>;
  readonly windows: Pick<WindowStore, 'put'>;
  readonly ledger: Pick<LedgerStore, 'accept'>;
  readonly windowUs: number;
  readonly scratch: ParseScratch;
}

export interface ParseResult {
  readonly header: BatchHeader;
  /** The windows that got a cell, in the order of their first packet. Ask `onBatch` whether that completed one. */
  readonly windows: readonly WindowKey[];
}

/** What parsing computes before it writes anything: small, and independent of the scratch it came from. */
interface Parsed {
  readonly header: BatchHeader;
  readonly minutes: HopEntry['minutes'];
  readonly cells: readonly { windowStartUs: number; packets: number; bytes: number; partial: Uint8Array }[];
}

/**
 * Takes one batch through parse. Resolves when all of it is stored: then the message may be acknowledged.
 * @param bytes a batch on the wire (core/src/wire/batch.ts)
 * @throws PipelineError WIRE_* when the bytes are no batch (retrying cannot help), STORE when a store failed
 */
export async function parseBatch(bytes: Uint8Array, deps: ParseDeps): Promise<ParseResult> {
  const { header, minutes, cells } = readBatch(bytes, deps);
  const { sensor, session, sequence } = header;
  const id = batchId(header);
  const accept = (hop: Hop): Promise<void> =>
    deps.ledger.accept({
      sensor,
      session,
      sequence,
      hop,
      packets: header.count,
      bytes: header.wireBytes,
      malformed: header.malformed,
      minutes,
    });
  const windows = cells.map(({ windowStartUs }): WindowKey => ({ sensor, windowStartUs }));
  await Promise.all([
    accept('parsed'),
    deps.packets.putBatch(header, bytes),
    ...cells.map(({ packets, bytes: size, partial }, i) =>
      deps.windows.put(windows[i]!, { batchId: id, session, sequence, packets, bytes: size, partial }),
    ),
  ]);
  // Only what is stored is accepted: a crash before this line leaves a batch that the books call lost until redelivery.
  await Promise.all([accept('stored'), accept('windowed')]);
  return { header, windows };
}

function readBatch(bytes: Uint8Array, deps: ParseDeps): Parsed {
  const { columns, coding } = deps.scratch;
  const header = decodeBatch(bytes, deps.codecs, columns, coding);
  const partials = buildPartials(columns, coding.index, deps.windowUs, header.session);
  const cells = [...partials].map(([windowStartUs, partial]) => ({
    windowStartUs,
    packets: partial.packets,
    bytes: partial.bytes,
    partial: encodePartial(partial),
  }));
  return { header, minutes: countMinutes(columns), cells };
}
