/** The SQLite file itself: what it refuses, what it migrates, and that a write is whole or not there. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { folderName } from '@tapline/adapters/sqlite/batch-file';
import { SqliteDatabase } from '@tapline/adapters/sqlite/database';
import { APPLICATION_ID, MIGRATIONS } from '@tapline/adapters/sqlite/migrations';
import { SqlitePacketStore } from '@tapline/adapters/sqlite/packet-store';
import { PipelineError } from '@tapline/core/errors';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect, HandClock } from '../../contract/harness.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapline-sqlite-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function refusal(path: string): PipelineError {
  try {
    new SqliteDatabase(path).close();
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineError);
    return error as PipelineError;
  }
  throw new Error('it was not refused');
}

describe('opening a data folder', () => {
  it('creates folders that are missing', () => {
    new SqliteDatabase(join(folder, 'a', 'b')).close();
    expect(readdirSync(join(folder, 'a', 'b'))).toContain('tapline.db');
  });

  it('refuses a place where it cannot write, naming it', () => {
    writeFileSync(join(folder, 'file'), '');
    const error = refusal(join(folder, 'file', 'data'));
    expect(error.code).toBe('STORE');
    expect(error.message).toContain(join(folder, 'file', 'data'));
    mkdirSync(join(folder, 'taken', 'tapline.db'), { recursive: true });
    expect(refusal(join(folder, 'taken')).code).toBe('STORE');
  });

  it('refuses a file that a newer version wrote, and leaves it as it was', () => {
    new SqliteDatabase(folder).close();
    const newer = new DatabaseSync(join(folder, 'tapline.db'));
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    expect(refusal(folder).message).toContain('newer version');
    const after = new DatabaseSync(join(folder, 'tapline.db'));
    expect(after.prepare('PRAGMA user_version').get()?.['user_version']).toBe(MIGRATIONS.length + 1);
    after.close();
  });

  it('refuses a database of another program, and what is no database', () => {
    const other = new DatabaseSync(join(folder, 'tapline.db'));
    other.exec('CREATE TABLE theirs (a)');
    other.close();
    expect(refusal(folder).message).toContain('another program');
    writeFileSync(join(folder, 'tapline.db'), 'x'.repeat(5000));
    expect(refusal(folder).code).toBe('STORE');
  });

  it('brings an older file to this version without losing rows', () => {
    const old = new DatabaseSync(join(folder, 'tapline.db'));
    old.exec(`${MIGRATIONS[0]!} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1;
      INSERT INTO name VALUES (7, 'kept')`);
    old.close();
    const database = new SqliteDatabase(folder);
    expect(database.findNameId('kept')).toBe(7);
    expect(database.statement('PRAGMA user_version').get()?.['user_version']).toBe(MIGRATIONS.length);
    database.close();
  });
});

describe('writing', () => {
  it('keeps nothing of a group of which one write failed, rejects them all, and goes on', async () => {
    const database = new SqliteDatabase(folder);
    const first = database.write(() => {
      database.nameId('a');
    });
    const second = database.write(() => {
      database.statement('INSERT INTO name (text) VALUES (NULL)').run();
    });
    await expect(first).rejects.toMatchObject({ code: 'STORE' });
    await expect(second).rejects.toMatchObject({ code: 'STORE' });
    expect(database.findNameId('a')).toBeUndefined();
    await database.write(() => {
      database.nameId('b');
    });
    expect(database.findNameId('b')).toBeDefined();
    database.close();
  });

  it('shows another reader only what is committed', async () => {
    const writer = new SqliteDatabase(folder);
    const readers = [new SqliteDatabase(folder), new SqliteDatabase(folder)];
    const written = writer.write(() => {
      writer.nameId('a');
    });
    expect(readers.map((reader) => reader.findNameId('a'))).toEqual([undefined, undefined]);
    await written;
    for (const reader of readers) expect(reader.findNameId('a')).toBeDefined();
    for (const database of [...readers, writer]) database.close();
  });

  it('commits what is open when it is closed', async () => {
    const database = new SqliteDatabase(folder);
    const written = database.write(() => {
      database.nameId('a');
    });
    database.close();
    await written;
    const again = new SqliteDatabase(folder);
    expect(again.findNameId('a')).toBeDefined();
    again.close();
  });
});

describe('batch files', () => {
  const header = {
    sensor: 'tap',
    session: 's',
    sequence: 0,
    firstNumber: 1,
    count: 1,
    wireBytes: 60,
    malformed: 0,
    minTimeUs: 0,
    maxTimeUs: 0,
    contentHash: '0'.repeat(16),
  };

  it('that were cut short are not stored batches', async () => {
    const database = new SqliteDatabase(folder);
    const store = new SqlitePacketStore(database, new HandClock());
    await store.putBatch(header, Uint8Array.of(1, 2, 3));
    writeFileSync(join(folder, 'batches', 'tap', 's', '0', '0.tpb'), Uint8Array.of(1, 2));
    expect(await collect(store.sessionBatches('tap', 's'))).toEqual([]);
    database.close();
  });

  it('leave no index row behind when they cannot be written', async () => {
    const database = new SqliteDatabase(folder);
    const store = new SqlitePacketStore(database, new HandClock());
    writeFileSync(join(folder, 'batches'), 'in the way');
    await expect(store.putBatch(header, Uint8Array.of(1))).rejects.toMatchObject({ code: 'STORE' });
    expect(database.statement('SELECT count(*) AS n FROM batch').get()?.['n']).toBe(0);
    database.close();
  });

  it('lie in folders named so that no two names meet and none leaves its place, on any file system', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 150 }),
        fc.string({ unit: 'binary', maxLength: 150 }),
        (a, b) => {
          expect(folderName(a)).toMatch(/^[a-z0-9_%-][a-z0-9_.%-]{0,120}$/);
          expect(folderName(a)).not.toMatch(/\.$/);
          if (a !== b) expect(folderName(a)).not.toBe(folderName(b));
        },
      ),
    );
    expect(new Set(['a', 'A', 'a.', '.a', '', '%', 'x'.repeat(200), 'x'.repeat(201)].map(folderName)).size).toBe(8);
  });
});
