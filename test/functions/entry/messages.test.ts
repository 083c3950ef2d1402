/** What the functions do with the messages of each topic, over stores in memory: the line of the services in one process. */
import { codecs } from '@tapline/adapters/codec/codecs';
import { zstd } from '@tapline/adapters/codec/zstd';
import { internalNetworks, PRIVATE_NETWORKS } from '@tapline/core/history/host-place';
import { encodeControlMessage, type ControlMessage } from '@tapline/core/ledger/control-message';
import type { HopEntry, Publisher } from '@tapline/core/ports';
import { readBatchHeader } from '@tapline/core/wire/batch';
import { batchId } from '@tapline/core/wire/batch-header';
import { decodeWindowMessage, type WindowMessage } from '@tapline/core/window/window-message';
import { NamedWindows } from '@tapline/functions/entry/named-windows';
import { onControl, onSweep, type ControlDeps } from '@tapline/functions/entry/on-control';
import { onPackets } from '@tapline/functions/entry/on-packets';
import { onWindow } from '@tapline/functions/entry/on-window';
import { createSensorCheck } from '@tapline/functions/entry/sensor-check';
import { audit } from '@tapline/functions/stages/audit';
import { createParseScratch } from '@tapline/functions/stages/parse';
import { beforeEach, describe, expect, it } from 'vitest';
import { generateFrames } from '../../../tools/generate-capture/generator.ts';
import { collect, HandClock, shuffled } from '../../contract/harness.ts';
import { cutMessages, memoryStores, StageLine, type Message } from '../../helpers/stage-line.ts';

const WINDOW_US = 2_000_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The functions' messages over one set of stores, the windows topic as a list. */
class Functions {
  readonly clock = new HandClock();
  readonly stores = memoryStores(this.clock);
  readonly published: Uint8Array[] = [];
  readonly #windowTopic: Publisher = {
    publish: (payload) => {
      this.published.push(payload);
      return Promise.resolve();
    },
  };
  readonly #rules = {
    clock: this.clock,
    windowUs: WINDOW_US,
    timeoutUs: 60e6,
    allowedLatenessUs: 0,
    blindAfterUs: 15e6,
  };
  readonly checkSensor = createSensorCheck('tap');
  readonly control: ControlDeps = {
    ...this.#rules,
    ...this.stores,
    windowTopic: this.#windowTopic,
    named: new NamedWindows(this.clock),
    checkSensor: this.checkSensor,
  };

  packets(payload: Uint8Array) {
    const parse = { ...this.#rules, ...this.stores, codecs, scratch: createParseScratch() };
    const window = { ...this.#rules, ...this.stores };
    const message = { payload, publishTime: '2026-11-24T10:00:00.5Z' };
    return onPackets(message, { ...this.control, parse, window, codec: zstd, rawSensor: 'tap' });
  }

  controlMessage(message: ControlMessage) {
    return onControl({ payload: bytes(encodeControlMessage(message)) }, this.control);
  }

  deliver(message: Message) {
    return message.kind === 'batch'
      ? this.packets(message.bytes)
      : this.controlMessage({ kind: 'heartbeat', heartbeat: message.heartbeat });
  }

  score(payload: Uint8Array) {
    const history = {
      store: this.stores.histories,
      falseAlarmsPerDay: 1,
      isInternal: internalNetworks(PRIVATE_NETWORKS),
    };
    return onWindow({ payload }, { score: { ...this.#rules, ...this.stores, history }, checkSensor: this.checkSensor });
  }

  windowMessages(): WindowMessage[] {
    return this.published.map((payload) => decodeWindowMessage(Buffer.from(payload).toString()));
  }
}

function sensorMessages(clock: HandClock): Message[] {
  return cutMessages({ sensor: 'tap', session: 's', windowUs: WINDOW_US, arrivalUs: clock.timeUs }, (sink) => {
    generateFrames({ packets: 6_000, seed: 3, profile: 'mix' }, sink);
  });
}

let functions: Functions;
beforeEach(() => {
  functions = new Functions();
});

describe('the messages of the functions', () => {
  it.each([1, 2])('in any order and more than once end in the digest of the embedded line (order %i)', async (seed) => {
    const messages = sensorMessages(functions.clock);
    const line = new StageLine(memoryStores(functions.clock), functions.clock, WINDOW_US);
    for (const message of messages) await line.deliver(message);

    for (const message of shuffled([...messages, ...messages], seed)) await functions.deliver(message);
    for (const payload of shuffled([...functions.published, ...functions.published], seed + 7)) {
      await functions.score(payload);
    }
    const same = new StageLine(functions.stores, functions.clock, WINDOW_US);
    expect(await same.digest('tap')).toBe(await line.digest('tap'));
    expect((await audit({ ...functions.stores, codecs })).balanced).toBe(true);
    expect(await functions.stores.results.provisional('tap')).toEqual([]);
  });

  it('name the batch and the sensor for the log', async () => {
    const [batch] = sensorMessages(functions.clock).filter((message) => message.kind === 'batch');
    expect(await functions.packets(batch!.bytes)).toEqual({ sensor: 'tap', batchId: batchId(batch!.header) });
  });
});

describe('a message of the heartbeats topic', () => {
  it('asks score to confirm when it is the last of its session, also when no window is left to score', async () => {
    const messages = sensorMessages(functions.clock);
    for (const message of messages) await functions.deliver(message);
    expect(functions.windowMessages().at(-1)).toEqual({ kind: 'confirm', sensor: 'tap' });
    expect(functions.windowMessages().filter(({ kind }) => kind === 'confirm').length).toBe(1);
  });

  it('brings what the bridge says into the ledger', async () => {
    const entry: HopEntry = {
      sensor: 'tap',
      session: 's',
      sequence: 4,
      hop: 'bridged',
      packets: 10,
      bytes: 900,
      malformed: 0,
      minutes: [{ minuteStartUs: 60e6, packets: 10, bytes: 900 }],
    };
    const entries = Array.from({ length: 100 }, (_, sequence) => ({ ...entry, sequence }));
    await functions.controlMessage({ kind: 'receipt', entries });
    expect(await collect(functions.stores.ledger.entries('tap', 's', 'bridged'))).toEqual(entries);
  });

  it.each([
    ['no text', Uint8Array.of(0xff, 0xfe, 0x00), 'WIRE_FORMAT'],
    ['no JSON', bytes('{'), 'WIRE_FORMAT'],
    ['JSON of others', bytes('{"a":1}'), 'WIRE_FORMAT'],
    ['nothing', new Uint8Array(), 'WIRE_FORMAT'],
    ['of another version', bytes('{"tapline":2,"kind":"heartbeat"}'), 'WIRE_VERSION'],
    ['cut short', bytes('{"tapline":1,"kind":"heartbeat","heartbeat":{"sensor":"tap"}}'), 'WIRE_CORRUPT'],
  ])('is poison when it is %s', async (_, payload, code) => {
    await expect(onControl({ payload }, functions.control)).rejects.toMatchObject({ code, retriable: false });
  });

  it.each([
    ['of a sensor that the deployment does not know', { sensor: 'other' }],
    ['of a sensor whose name breaks keys', { sensor: 'tap#1' }],
    ['of a session whose name breaks keys', { session: 'a/b' }],
    ['with windows of another width', { windowUs: 3_000_000 }],
  ])('is poison when it is %s, and leaves nothing behind', async (_, wrong) => {
    const last = sensorMessages(functions.clock).at(-1)!;
    if (last.kind !== 'heartbeat') throw new Error('the last message of a session is a heartbeat');
    const heartbeat = { ...last.heartbeat, ...wrong };
    await expect(functions.controlMessage({ kind: 'heartbeat', heartbeat })).rejects.toMatchObject({ code: 'USAGE' });
    expect(await functions.stores.ledger.sessions()).toEqual([]);
    expect(functions.published).toEqual([]);
  });
});

describe('a message of the packets topic', () => {
  it('is poison when its sensor is none of ours', async () => {
    const [message] = cutMessages({ sensor: 'other', session: 's', windowUs: WINDOW_US, arrivalUs: 0 }, (sink) => {
      generateFrames({ packets: 10, seed: 3 }, sink);
    });
    if (message?.kind !== 'batch') throw new Error('the first message is a batch');
    await expect(functions.packets(message.bytes)).rejects.toMatchObject({ code: 'USAGE' });
    expect(await functions.stores.ledger.sessions()).toEqual([]);
  });
});

describe('raw packets on the packets topic', () => {
  const text = bytes(
    [1, 2, 3]
      .map((n) => `10:00:0${n}.000000 IP 10.0.0.1.5000 > 10.0.0.2.80: Flags [S], seq 1, win 64, length 0\n`)
      .join(''),
  );

  it('become a batch of the sensor that the settings name', async () => {
    const labels = await functions.packets(text);
    expect(labels).toMatchObject({ sensor: 'tap' });
    const wire = (await functions.stores.packets.getBatch(labels['batchId']!))!;
    expect(readBatchHeader(wire)).toMatchObject({ sensor: 'tap', count: 3 });
  });

  it('write over themselves when they are delivered again', async () => {
    expect(await functions.packets(text)).toEqual(await functions.packets(text));
    const [{ session } = { session: '' }] = await functions.stores.ledger.sessions();
    expect((await collect(functions.stores.ledger.entries('tap', session, 'stored'))).length).toBe(1);
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['noise', Uint8Array.from({ length: 1000 }, (_, i) => (i * 197) % 251)],
    ['text without packets', bytes('hello\nworld\n')],
  ])('are poison when there is %s in them', async (_, payload) => {
    await expect(functions.packets(payload)).rejects.toMatchObject({ code: 'WIRE_FORMAT', retriable: false });
    expect(await functions.stores.ledger.sessions()).toEqual([]);
  });
});

describe('a message of the windows topic', () => {
  it('does nothing for a window that nobody mentioned', async () => {
    await functions.score(bytes('{"tapline":1,"kind":"window","sensor":"tap","windowStartUs":0}'));
    expect(await functions.stores.results.sensors()).toEqual([]);
  });

  it.each([
    ['no text', Uint8Array.of(0xff), 'WIRE_FORMAT'],
    ['null', bytes('null'), 'WIRE_FORMAT'],
    ['without a sensor', bytes('{"tapline":1,"kind":"confirm"}'), 'WIRE_FORMAT'],
    ['without a window', bytes('{"tapline":1,"kind":"window","sensor":"tap"}'), 'WIRE_FORMAT'],
    ['of another kind', bytes('{"tapline":1,"kind":"drop","sensor":"tap"}'), 'WIRE_FORMAT'],
    ['of another version', bytes('{"tapline":9,"kind":"confirm","sensor":"tap"}'), 'WIRE_VERSION'],
    ['of another sensor', bytes('{"tapline":1,"kind":"confirm","sensor":"other"}'), 'USAGE'],
  ])('is poison when it is %s', async (_, payload, code) => {
    await expect(functions.score(payload)).rejects.toMatchObject({ code, retriable: false });
  });
});

describe('the sweep', () => {
  it('names windows that have waited long enough, and lets score confirm', async () => {
    const messages = sensorMessages(functions.clock);
    const lost = messages.findIndex((message) => message.kind === 'batch');
    for (const message of messages.toSpliced(lost, 1)) await functions.deliver(message);
    for (const payload of functions.published) await functions.score(payload);
    functions.published.length = 0;
    await onSweep(functions.control);
    expect(functions.windowMessages()).toEqual([{ kind: 'confirm', sensor: 'tap' }]);

    functions.clock.timeUs += 61e6;
    functions.published.length = 0;
    await onSweep(functions.control);
    const kinds = functions.windowMessages().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'window').length).toBeGreaterThan(0);
    for (const payload of functions.published) await functions.score(payload);
    const kpis = await functions.stores.results.kpis('tap', { fromUs: -Infinity, toUs: Infinity });
    expect(kpis.some((kpi) => !kpi.complete)).toBe(true);
  });

  it('names a window that is still due again only after a while, or when it has changed', async () => {
    const named = (): number => functions.windowMessages().filter(({ kind }) => kind === 'window').length;
    const messages = sensorMessages(functions.clock);
    for (const message of messages) await functions.deliver(message);
    const first = named();
    expect(first).toBeGreaterThan(1);
    for (let i = 0; i < 5; i++) await onSweep(functions.control);
    expect(named()).toBe(first);
    functions.clock.timeUs += 31e6;
    await onSweep(functions.control);
    expect(named()).toBe(2 * first);

    for (const payload of functions.published) await functions.score(payload);
    functions.published.length = 0;
    const late = cutMessages({ sensor: 'tap', session: 'late', windowUs: WINDOW_US, arrivalUs: 0 }, (sink) => {
      generateFrames({ packets: 100, seed: 3, profile: 'mix' }, sink);
    });
    for (const message of late) await functions.deliver(message);
    expect(named()).toBeGreaterThan(0);
  });

  it('goes on with the other sensors when one fails, and says so', async () => {
    const others = createSensorCheck(undefined);
    for (const sensor of ['a', 'b', 'c']) {
      const heartbeat = sensorMessages(functions.clock).at(-1)!;
      if (heartbeat.kind !== 'heartbeat') throw new Error('the last message of a session is a heartbeat');
      const message: ControlMessage = { kind: 'heartbeat', heartbeat: { ...heartbeat.heartbeat, sensor } };
      await onControl({ payload: bytes(encodeControlMessage(message)) }, { ...functions.control, checkSensor: others });
    }
    functions.published.length = 0;
    const { ledger: real } = functions.control;
    const ledger: ControlDeps['ledger'] = {
      sessions: () => real.sessions(),
      accept: (entry) => real.accept(entry),
      putHeartbeat: (heartbeat) => real.putHeartbeat(heartbeat),
      lastHeartbeats: (sensor, sessions) => real.lastHeartbeats(sensor, sessions),
      openHeartbeats: (sensor) =>
        sensor === 'b' ? Promise.reject(new Error('b is broken')) : real.openHeartbeats(sensor),
    };
    await expect(onSweep({ ...functions.control, ledger })).rejects.toThrow('b is broken');
    const confirmed = functions.windowMessages().filter(({ kind }) => kind === 'confirm');
    expect(confirmed).toEqual([
      { kind: 'confirm', sensor: 'a' },
      { kind: 'confirm', sensor: 'c' },
    ]);
  });
});
