/** What becomes of requests when nobody answers; no service is needed for it. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTable } from '@tapline/adapters/bigtable/client';
import { BigtableRows } from '@tapline/adapters/bigtable/rows';
import { PipelineError } from '@tapline/core/errors';
import { readSettings } from '@tapline/core/settings/settings';

async function failure(address: string, ask: (rows: BigtableRows) => Promise<unknown>): Promise<PipelineError> {
  const table = openTable(readSettings({ BIGTABLE_EMULATOR_HOST: address }));
  const rows = new BigtableRows(table, undefined, 1000);
  try {
    await ask(rows);
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineError);
    return error as PipelineError;
  } finally {
    await rows.close();
    await table.close();
  }
  throw new Error('somebody answered');
}

const read = (rows: BigtableRows): Promise<unknown> => rows.read(['r'], {}, 'reading');
const write = (rows: BigtableRows): Promise<void> => rows.mutate('r', [{ deleteFromRow: {} }], 'writing');

describe('requests to Bigtable', () => {
  let silent: Server;
  let silentAddress: string;
  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });
  afterAll(() => silent.close());

  it.each([
    ['reading', read],
    ['writing', write],
  ])('end when nobody listens, to be tried again later: %s', async (doing, ask) => {
    const { code, retriable, message } = await failure('127.0.0.1:1', ask);
    expect([code, retriable]).toEqual(['STORE', true]);
    expect(message).toMatch(new RegExp(`^Bigtable: ${doing}: .*ECONNREFUSED 127.0.0.1:1`));
  });

  it.each([
    ['reading', read],
    ['writing', write],
  ])('end when somebody listens and never answers: %s', async (doing, ask) => {
    const { code, retriable, message } = await failure(silentAddress, ask);
    expect([code, retriable]).toEqual(['STORE', true]);
    expect(message).toMatch(new RegExp(`^Bigtable: ${doing}: no answer in time`));
  });

  it('are not made to an address that is none', () => {
    expect(() => openTable(readSettings({ BIGTABLE_EMULATOR_HOST: 'localhost' }))).toThrow(
      'BIGTABLE_EMULATOR_HOST is "localhost": use host:port',
    );
  });
});
