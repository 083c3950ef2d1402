/** The bridge on Beam between the real Kafka and the Pub/Sub emulator: what `tapline bridge` promises. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import { noCodec } from '@tapline/core/wire/no-codec';
import { decodeControlMessage, encodeControlMessage } from '@tapline/core/ledger/control-message';
import { NO_COUNTERS, type Heartbeat } from '@tapline/core/ledger/heartbeat';
import { allocateColumns } from '@tapline/core/packet/columns';
import { pubsubTopic } from '@tapline/core/settings/topics';
import { FORMAT_VERSION } from '@tapline/core/wire/arrow-template';
import { decodeBatch, encodeBatch } from '@tapline/core/wire/batch';
import { batchId, type BatchHeader } from '@tapline/core/wire/batch-header';
import type { Settings } from '@tapline/core/settings/settings';
import { emulatorOptions, startBeam, type Pipeline } from '../helpers/beam.ts';
import { BridgeStack, PREFIX, type Received } from '../helpers/bridge-stack.ts';
import { until } from '../helpers/until.ts';

const RUN_MS = 600_000;
const BETWEEN_MS = 2_000;
const GOLDEN = readFileSync(resolve(import.meta.dirname, `../golden/wire/v${FORMAT_VERSION}-zstd.bin`));

/** The golden rows as a batch of another name. */
function batch(sequence: number): { header: BatchHeader; bytes: Uint8Array } {
  const columns = allocateColumns();
  decodeBatch(GOLDEN, codecs, columns);
  return encodeBatch(columns, { sensor: 'golden', session: 'fixed', sequence }, noCodec);
}

const heartbeat: Heartbeat = {
  sensor: 'golden',
  session: 'fixed',
  sequence: 1,
  arrivalUs: 1_000,
  watermarkUs: 1_499_348_407_419_016,
  lastBatch: 4,
  windowUs: 10_000_000,
  windows: [],
  minutes: [],
  counters: NO_COUNTERS,
  cpuPercent: 1,
  rssBytes: 1,
  final: false,
};

export function bridgeSuite(services: Settings): void {
  describe('the bridge pipeline', () => {
    let stack: BridgeStack;
    const started: Pipeline[] = [];
    const batches = [0, 1, 2, 3, 4].map(batch);

    beforeAll(async () => {
      stack = await BridgeStack.start(services);
    });

    afterAll(async () => {
      for (const { child, finished } of started) {
        child.kill('SIGKILL');
        await finished;
      }
      await stack.close();
    });

    async function start(sensor: string): Promise<Pipeline> {
      const topic = (kind: 'packets' | 'heartbeats' | 'dead-letters'): string =>
        `projects/${stack.settings.project}/topics/${pubsubTopic(PREFIX, kind)}`;
      const pipeline = await startBeam('BridgePipeline', {
        ...emulatorOptions(stack.settings),
        brokers: stack.settings.kafkaBrokers,
        sensors: sensor,
        group: stack.run,
        packetsTopic: topic('packets'),
        heartbeatsTopic: topic('heartbeats'),
        deadLettersTopic: topic('dead-letters'),
      });
      started.push(pipeline);
      return pipeline;
    }

    it(
      'carries batches and heartbeats byte for byte, with receipts, and loses nothing when it is killed',
      { timeout: RUN_MS },
      async () => {
        const packets = await stack.topic('beam-pcap');
        const heartbeats = await stack.topic('beam-heartbeat');
        const control = encodeControlMessage({ kind: 'heartbeat', heartbeat });
        await stack.send(packets, [...batches.slice(0, 3).map(({ bytes }) => bytes), 'a line of tcpdump']);
        await stack.send(heartbeats, [control]);

        const carried: Received[] = [];
        const controls: Received[] = [];
        const untilCarried = async (first: number, last: number): Promise<void> => {
          const wanted = batches.slice(first, last).map(({ header }) => batchId(header));
          await until(
            `batches ${first} to ${last} are carried, and their receipts`,
            async () => {
              carried.push(...(await stack.receive('packets')));
              controls.push(...(await stack.receive('heartbeats')));
              const ids = new Set(carried.map(({ attributes }) => attributes['batchId']));
              const receipts = new Set(controls.flatMap(receiptsOf));
              return wanted.every((id) => ids.has(id) && receipts.has(id));
            },
            RUN_MS / 4,
          );
        };

        const killed = await start(`${stack.run}-beam`);
        await untilCarried(0, 3);
        // This runner commits what it has read when it reads more, some time later: so there is more, until it does.
        await until(
          'something is committed',
          async () => {
            await stack.send(packets, [batches[3]!.bytes]);
            await sleep(BETWEEN_MS);
            return ((await stack.committed(packets)) ?? 0) > 0;
          },
          RUN_MS / 4,
        );
        await untilCarried(3, 4);
        killed.child.kill('SIGKILL');
        await killed.finished;
        const before = carried.length;
        await stack.send(packets, [batches[4]!.bytes]);
        await start(`${stack.run}-beam`);
        await untilCarried(4, 5);
        const again = carried.slice(before).map(({ attributes }) => attributes['batchId']);
        expect(again).not.toContain(batchId(batches[0]!.header));

        const byId = new Map(batches.map((sent) => [batchId(sent.header), sent]));
        for (const { payload, attributes } of carried) {
          const { header, bytes } = byId.get(attributes['batchId']!)!;
          expect(Buffer.compare(payload, bytes)).toBe(0);
          expect(attributes['eventTime']).toBe(String(Math.floor(header.minTimeUs / 1_000)));
        }
        expect(controls.map(({ payload }) => Buffer.from(payload).toString())).toContain(control);
        const { stdout } = await stack.tapline(['dlq', 'list', '--json']).finished;
        expect(stdout).toContain('WIRE_FORMAT');
      },
    );
  });
}

/** Names of the batches that a message acknowledges. */
function receiptsOf({ payload }: Received): string[] {
  const message = decodeControlMessage(Buffer.from(payload).toString());
  return message.kind === 'receipt' ? message.entries.map((entry) => batchId(entry)) : [];
}
