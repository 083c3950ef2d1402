/** Sensor health over stores: an alert while a sensor is blind, its end when the sensor is back, and nobody else is touched. */
import { MemoryLedgerStore } from '@tapline/adapters/memory/ledger-store';
import { MemoryResultStore } from '@tapline/adapters/memory/result-store';
import type { Alert } from '@tapline/core/detect/alert';
import { watchSensor } from '@tapline/functions/stages/sensor-health';
import { describe, expect, it } from 'vitest';
import { HandClock } from '../contract/harness.ts';
import { heartbeatOf } from '../fixtures/heartbeat.ts';

class Watch {
  readonly clock = new HandClock();
  readonly ledger = new MemoryLedgerStore();
  readonly results = new MemoryResultStore();

  beat(session: string, sequence: number, final = false): Promise<void> {
    return this.ledger.putHeartbeat(heartbeatOf(session, sequence, { arrivalUs: this.clock.timeUs, final }));
  }

  look(secondsLater: number): Promise<Alert[]> {
    this.clock.timeUs += secondsLater * 1e6;
    const { clock, ledger, results } = this;
    return watchSensor('tap', { clock, ledger, results, blindAfterUs: 15e6 });
  }

  alerts(): Promise<Alert[]> {
    return this.results.alerts('tap', { fromUs: -Infinity, toUs: Infinity });
  }
}

describe('watching a sensor', () => {
  it('raises one alert for a silence, lets it grow, and ends it when a heartbeat comes', async () => {
    const watch = new Watch();
    await watch.beat('s', 1);
    expect(await watch.look(14)).toEqual([]);
    expect(await watch.look(2)).toMatchObject([{ detector: 'sensor-blind', state: 'provisional' }]);
    expect(await watch.look(3)).toEqual([]);
    expect(await watch.look(60)).toMatchObject([{ windowEndUs: 79e6 }]);
    expect(await watch.alerts()).toHaveLength(1);
    await watch.beat('s', 2);
    expect(await watch.look(1)).toMatchObject([{ state: 'confirmed', windowEndUs: 79e6 }]);
    expect(await watch.look(1)).toEqual([]);
    expect(await watch.look(60)).toMatchObject([{ state: 'provisional' }]);
    expect(await watch.alerts()).toHaveLength(2);
  });

  it('ends the alert of a killed session when the sensor starts anew', async () => {
    const watch = new Watch();
    await watch.beat('killed', 7);
    await watch.look(30);
    await watch.beat('fresh', 0);
    expect(await watch.look(1)).toMatchObject([{ state: 'confirmed' }]);
    expect(await watch.look(1)).toEqual([]);
  });

  it('says nothing of a sensor that nobody knows', async () => {
    expect(await new Watch().look(1000)).toEqual([]);
  });
});
