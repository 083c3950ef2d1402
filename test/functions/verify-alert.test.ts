/** Recomputing alerts from stored packets: what is stored is confirmed, and what was tampered with or lost is named. */
import { describe, expect, it } from 'vitest';
import { codecs } from '@tapline/adapters/codec/codecs';
import type { Alert } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import { ALL_TIME } from '@tapline/core/ports';
import { verifyAlert, type Verification } from '@tapline/functions/stages/verify-alert';
import { HandClock } from '../contract/harness.ts';
import { bundledCapture } from '../helpers/bundled-capture.ts';
import { cutMessages, memoryStores, StageLine, type Message, type Stores } from '../helpers/stage-line.ts';

const WINDOW_US = 10_000_000;
const clock = new HandClock();

const all = cutMessages({ sensor: 'tap', session: 's', windowUs: WINDOW_US, arrivalUs: clock.timeUs }, (sink) => {
  const reader = new CaptureReader(sink);
  reader.feed(bundledCapture());
  reader.end();
});

async function line(delivered: readonly Message[] = all): Promise<Stores> {
  const stores = memoryStores(clock);
  const stages = new StageLine(stores, clock, WINDOW_US);
  for (const message of delivered) await stages.deliver(message);
  await stages.giveUp('tap');
  return stores;
}
const whole = await line();
const alerts = await whole.results.alerts('tap', ALL_TIME);
const verify = (stores: Stores, { id }: Alert): Promise<Verification> => verifyAlert(id, { ...stores, codecs });

/** Verifies an alert that was changed behind the stages' back. */
function tampered(change: Partial<Alert>): Promise<Verification> {
  const alert = { ...alerts[0]!, ...change };
  const results = {
    alert: () => Promise.resolve(alert),
    kpis: whole.results.kpis.bind(whole.results),
  };
  return verifyAlert(alert.id, { packets: whole.packets, results, codecs });
}

describe('verifyAlert', () => {
  it('finds every alert of a capture to be exactly what its packets say', async () => {
    expect(alerts.length).toBeGreaterThanOrEqual(4);
    for (const alert of alerts) {
      const { differences, notes, recomputed, packets } = await verify(whole, alert);
      expect({ detector: alert.detector, differences, notes }).toEqual({
        detector: alert.detector,
        differences: [],
        notes: [],
      });
      expect({ ...recomputed!, state: alert.state }).toEqual(alert);
      expect(packets).toBeGreaterThan(0);
    }
  });

  it('names each field that was changed in the store', async () => {
    expect((await tampered({ severity: 'low', score: 0.1 })).differences).toEqual(['score', 'severity']);
  });

  it('says when it was judged by other thresholds', async () => {
    const { differences, notes } = await tampered({ config: 'other' });
    expect(differences).toEqual(['config']);
    expect(notes).toEqual(['it was judged by other thresholds than these']);
  });

  it('says that the packets raise no such alert when its entity is made up', async () => {
    expect((await tampered({ id: 'made-up' })).differences).toEqual(['id']);
  });

  it('says that nothing is left to recompute it from', async () => {
    const { packets } = memoryStores(clock);
    const { differences, notes } = await verify({ ...whole, packets }, alerts[0]!);
    expect(differences).toEqual(['id']);
    expect(notes).toEqual(['none of its packets are stored any more']);
  });

  it('refuses ids that nobody knows, and alerts that are not made from packets', async () => {
    await expect(verify(whole, { ...alerts[0]!, id: 'nobody' })).rejects.toThrow('there is no alert nobody');
    await expect(tampered({ detector: 'sensor-blind' })).rejects.toThrow(PipelineError);
  });
});

describe('an alert with one batch lost on the way', () => {
  it('says what it could not see, and still verifies', async () => {
    const flood = alerts.find(({ detector }) => detector === 'syn-flood')!;
    const lost = all.find(
      (message) =>
        message.kind === 'batch' && message.header.minTimeUs >= flood.firstPacketUs && message.header.count > 1000,
    )!;
    const stores = await line(all.filter((message) => message !== lost));
    const [alert] = (await stores.results.alerts('tap', ALL_TIME)).filter(({ detector }) => detector === 'syn-flood');
    expect(alert).toMatchObject({ entity: flood.entity, complete: false });
    const count = lost.kind === 'batch' ? lost.header.count : 0;
    const [doubt] = alert!.quality.doubts;
    expect(doubt).toMatchObject({ cause: 'missing' });
    expect(doubt!.text).toContain(`${count.toLocaleString('en-US')} packets`);
    expect(alert!.quality.confidence).toBeLessThan(flood.quality.confidence);
    expect((await verify(stores, alert!)).differences).toEqual([]);
  });
});
