/** PacketStore in memory: for tests, and for a line that need not outlive its process. */
import type { PacketStore, StoredBatch, TimeRange } from '@tapline/core/ports';
import type { BatchHeader } from '@tapline/core/wire/batch-header';
import { batchId } from '@tapline/core/wire/batch-header';
import { compareText } from './text-order.ts';

interface Kept {
  readonly stored: StoredBatch;
  readonly wire: Uint8Array;
}

export class MemoryPacketStore implements PacketStore {
  readonly #batches = new Map<string, Kept>();

  putBatch(header: BatchHeader, wire: Uint8Array): Promise<void> {
    const id = batchId(header);
    this.#batches.set(id, { stored: { ...header, id }, wire: wire.slice() });
    return Promise.resolve();
  }

  getBatch(id: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#batches.get(id)?.wire);
  }

  /** Takes one batch away, as an operator with `rm` would. */
  deleteBatch(id: string): Promise<void> {
    this.#batches.delete(id);
    return Promise.resolve();
  }

  batches(sensor: string, range: TimeRange): AsyncIterable<StoredBatch> {
    return this.#list(
      (batch) => batch.sensor === sensor && batch.minTimeUs < range.toUs && batch.maxTimeUs >= range.fromUs,
    );
  }

  sessionBatches(sensor: string, session: string): AsyncIterable<StoredBatch> {
    return this.#list((batch) => batch.sensor === sensor && batch.session === session);
  }

  async *#list(wanted: (batch: StoredBatch) => boolean): AsyncIterable<StoredBatch> {
    const found = [...this.#batches.values()].map((kept) => kept.stored).filter(wanted);
    found.sort((a, b) => compareText(a.session, b.session) || a.sequence - b.sequence);
    yield* await Promise.resolve(found);
  }
}
