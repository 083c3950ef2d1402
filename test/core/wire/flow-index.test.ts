import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateColumns } from '@tapline/core/packet/columns';
import { decodeBatch, encodeBatch, createBatchScratch } from '@tapline/core/wire/batch';
import { buildFlowIndex, createFlowIndex } from '@tapline/core/wire/flow-index';
import { noCodec } from '@tapline/core/wire/no-codec';
import { anyColumns } from './columns-of.ts';

describe('the flow index', () => {
  it('finds for every row the last row of its flow in either direction', () => {
    const index = createFlowIndex();
    fc.assert(
      fc.property(anyColumns, (columns) => {
        buildFlowIndex(columns, index);
        const last = new Map<string, number>();
        const locals = new Map<number, number>();
        for (let row = 0; row < columns.count; row++) {
          const flow = columns.flow[row]!;
          const direction = columns.direction[row]! & 1;
          if (!locals.has(flow)) locals.set(flow, locals.size);
          expect(index.local[row]).toBe(locals.get(flow));
          expect(index.previous[row]).toBe(last.get(`${flow}/${direction}`) ?? -1);
          expect(index.opposite[row]).toBe(last.get(`${flow}/${1 - direction}`) ?? -1);
          last.set(`${flow}/${direction}`, row);
        }
        expect(index.flows).toBe(locals.size);
      }),
      { numRuns: 50 },
    );
  });

  it('is the same after decoding as after encoding', () => {
    const [sender, receiver] = [createBatchScratch(), createBatchScratch()];
    fc.assert(
      fc.property(anyColumns, (columns) => {
        const meta = { sensor: 's', session: 's', sequence: 0 };
        const { bytes } = encodeBatch(columns, meta, noCodec, sender);
        decodeBatch(bytes, [noCodec], allocateColumns(), receiver);
        for (const name of ['previous', 'opposite', 'local'] as const) {
          expect(receiver.index[name].subarray(0, columns.count)).toEqual(
            sender.index[name].subarray(0, columns.count),
          );
        }
        expect(receiver.index.flows).toBe(sender.index.flows);
      }),
      { numRuns: 30 },
    );
  });
});
