/** Heartbeats and receipts on the wire: what was sent is what is read, and anything else is refused with a reason. */
import { decodeControlMessage, encodeControlMessage, type ControlMessage } from '@tapline/core/ledger/control-message';
import { PipelineError } from '@tapline/core/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heartbeatOf } from '../../fixtures/heartbeat.ts';

const MINUTE = {
  offered: 9,
  kernelDropped: 1,
  self: 0,
  filtered: 0,
  duplicate: 0,
  sent: 8,
  malformed: 2,
  wireBytes: 700,
};
const HEARTBEAT = heartbeatOf('s', 4, {
  watermarkUs: null,
  lastPublished: -1,
  spooled: 3,
  windows: [{ windowStartUs: -10e6, batches: 1, packets: 8, bytes: 700 }],
  minutes: [{ minuteStartUs: -60e6, ...MINUTE }],
  cpuPercent: 12.5,
});
const heartbeat: ControlMessage = { kind: 'heartbeat', heartbeat: HEARTBEAT };
const receipt: ControlMessage = {
  kind: 'receipt',
  entries: [
    { sensor: 'tap', session: 's', sequence: 7, hop: 'bridged', packets: 8, bytes: 700, malformed: 2, minutes: [] },
  ],
};

function failure(json: string): string {
  try {
    decodeControlMessage(json);
    return 'accepted';
  } catch (error) {
    if (error instanceof PipelineError) return `${error.code} ${error.message}`;
    throw error;
  }
}

describe('a control message', () => {
  it.each([heartbeat, receipt])('is read as it was written', (message) => {
    expect(decodeControlMessage(encodeControlMessage(message))).toEqual(message);
  });

  it('drops fields that it does not know', () => {
    const json = JSON.parse(encodeControlMessage(heartbeat)) as { heartbeat: object };
    const more = JSON.stringify({ ...json, heartbeat: { ...json.heartbeat, evil: 'x' } });
    expect(decodeControlMessage(more)).toEqual(heartbeat);
  });

  it('is refused when it is something else, of another version, or has a wrong field, which is named', () => {
    const broken = (change: object): string =>
      failure(encodeControlMessage({ kind: 'heartbeat', heartbeat: { ...HEARTBEAT, ...change } }));
    expect(failure('')).toMatch(/^WIRE_FORMAT/);
    expect(failure('not json')).toMatch(/^WIRE_FORMAT/);
    expect(failure('{}')).toMatch(/^WIRE_FORMAT/);
    expect(failure('[]')).toMatch(/^WIRE_CORRUPT/);
    expect(failure(encodeControlMessage(heartbeat).replace('"tapline":1', '"tapline":2'))).toMatch(/^WIRE_VERSION/);
    expect(failure('{"tapline":1,"kind":"toaster"}')).toContain('kind');
    expect(broken({ sensor: '' })).toContain('sensor');
    expect(broken({ sensor: 'x'.repeat(300) })).toContain('sensor');
    expect(broken({ sequence: 1.5 })).toContain('sequence');
    expect(broken({ sequence: -1 })).toContain('sequence');
    expect(broken({ lastBatch: 2 ** 60 })).toContain('lastBatch');
    expect(broken({ counters: { sent: 1 } })).toContain('offered');
    expect(broken({ windows: {} })).toContain('windows');
    expect(broken({ cpuPercent: null })).toContain('cpuPercent');
  });

  it('never makes anything but a PipelineError of what it cannot read', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(failure(json)).toMatch(/^WIRE_/);
      }),
    );
  });
});
