import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import type { AgentMessage } from '@tapline/capture-agent/batcher';
import type { LoopPlan } from '@tapline/capture-agent/loop/loops';
import { preload } from '@tapline/capture-agent/loop/preload';
import { SourceRun, type RunSourceResult } from '@tapline/capture-agent/run-source';
import { openSource } from '@tapline/capture-agent/source/open-source';
import { allocateColumns } from '@tapline/core/packet/columns';
import { decodeBatch } from '@tapline/core/wire/batch';
import { describe, expect, it } from 'vitest';
import { pcapFile } from '../../fixtures/pcap-writer.ts';
import { writeGenerated } from '../../helpers/generated-capture.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const generated = writeGenerated(folder, 6000);
const warn = (): void => undefined;

interface Replayed {
  readonly result: RunSourceResult;
  readonly sessions: ReadonlyMap<string, readonly number[]>;
  readonly finals: readonly string[];
  readonly messages: readonly AgentMessage[];
}

/** Replays a capture and reads the times of its packets back out of the batches, by session. */
async function replay(source: string, loop: LoopPlan | undefined, more: object = {}): Promise<Replayed> {
  const sessions = new Map<string, number[]>();
  const finals: string[] = [];
  const messages: AgentMessage[] = [];
  const columns = allocateColumns();
  const stop = new AbortController();
  const options = { sensor: 'tap', session: 'first', isChosen: false, windowUs: 10e6, allowedLatenessUs: 0 };
  const run = await SourceRun.open(
    { ...options, codec: zstd, speed: 'top', source, warn, ...(loop && { loop }), ...more },
    stop.signal,
  );
  const result = await run.run((message) => {
    messages.push(message);
    if (message.kind === 'heartbeat') {
      if (message.heartbeat.final) finals.push(message.heartbeat.session);
      if (finals.length === 4) stop.abort();
    } else {
      const { session } = decodeBatch(message.bytes, codecs, columns);
      const times = sessions.get(session) ?? [];
      sessions.set(session, times);
      for (let row = 0; row < columns.count; row++) times.push(columns.timeUs[row]!);
    }
    return Promise.resolve();
  });
  return { result, sessions, finals, messages };
}

describe('a capture that is looped', () => {
  it('is a session with a goodbye for each pass, and each follows the one before by a mean gap, to the microsecond', async () => {
    const { result, sessions, finals } = await replay(generated, { count: 3, times: 'shifted' });
    expect(finals).toEqual([...sessions.keys()]);
    expect(result.sessions.map(({ session }) => session)).toEqual(finals);
    expect(new Set(finals).size).toBe(3);
    const [first, second, third] = [...sessions.values()];
    const span = Math.max(...first!) - Math.min(...first!);
    const period = span + Math.round(span / 5999);
    expect(second).toEqual(first!.map((timeUs) => timeUs + period));
    expect(third).toEqual(first!.map((timeUs) => timeUs + 2 * period));
    expect(result.counters).toMatchObject({ offered: 18_000, sent: 18_000 });
    expect(result.sessions.map(({ counters }) => counters.sent)).toEqual([6000, 6000, 6000]);
  });

  it('keeps its times when it is told to, and has other sessions then', async () => {
    const original = await replay(generated, { count: 2, times: 'original' });
    const [first, second] = [...original.sessions.values()];
    expect(second).toEqual(first);
    const shifted = await replay(generated, { count: 2, times: 'shifted' });
    expect(original.finals[0]).toBe(shifted.finals[0]);
    expect(original.finals[1]).not.toBe(shifted.finals[1]);
  });

  it('gives the same sessions and batches at a second run, preloaded or not', async () => {
    const hashes = ({ messages }: Replayed): string[] =>
      messages.flatMap((m) => (m.kind === 'batch' ? [`${m.header.session} ${m.header.contentHash}`] : []));
    const plain = await replay(generated, { count: 2, times: 'shifted' });
    const ahead = await replay(generated, { count: 2, times: 'shifted' }, { preload: true });
    expect(hashes(ahead)).toEqual(hashes(plain));
    expect(ahead.result.preloaded?.bytes).toBe(readFileSync(generated).length);
  });

  it('numbers a name that somebody chose', async () => {
    const { finals } = await replay(generated, { count: 3, times: 'shifted' }, { isChosen: true });
    expect(finals).toEqual(['first', 'first-2', 'first-3']);
  });

  it('goes on until it is stopped when it has no end', async () => {
    const { finals, result } = await replay(generated, { count: Infinity, times: 'shifted' });
    expect(finals.length).toBeGreaterThanOrEqual(4);
    expect(result.fault).toBeUndefined();
  });

  it('ends after one pass when there is nothing in it, and with the fault of a damaged one', async () => {
    const empty = join(folder, 'empty.pcap');
    writeFileSync(empty, pcapFile([]));
    expect((await replay(empty, { count: Infinity, times: 'shifted' })).finals).toEqual(['first']);
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, readFileSync(generated).subarray(0, 5000));
    const { result, finals } = await replay(cut, { count: Infinity, times: 'shifted' });
    expect(result.fault?.code).toBe('CAPTURE_TRUNCATED');
    expect(finals).toEqual(['first']);
  });
});

describe('a capture that is read ahead', () => {
  it('is refused when it takes more memory than it may', async () => {
    const source = await openSource(generated, { warn });
    await expect(preload(source, 100_000)).rejects.toThrow(/takes more than 0 MiB in memory.*leave --preload away/);
  });
});
