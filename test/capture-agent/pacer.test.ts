import { describe, expect, it } from 'vitest';
import { Pacer, parseSpeed, speedText } from '@tapline/capture-agent/pacer';

const at = (maxTimeUs: number) => ({ maxTimeUs, count: 1, wireBytes: 60 });
const batch = (count: number, wireBytes: number) => ({ maxTimeUs: 0, count, wireBytes });

describe('the replay schedule', () => {
  it('never waits at top speed', () => {
    const pacer = new Pacer('top');
    expect([0, 5e6, 9e9].map((eventUs) => pacer.waitMs(at(eventUs), 0))).toEqual([0, 0, 0]);
  });

  it('is absolute from the first packet, so a late one does not delay those after it', () => {
    const pacer = new Pacer(1);
    expect(pacer.waitMs(at(0), 1000)).toBe(0);
    expect(pacer.waitMs(at(1e6), 1000)).toBe(1000);
    expect(pacer.waitMs(at(2e6), 2900)).toBe(100);
    expect(pacer.waitMs(at(3e6), 4500)).toBe(0);
    expect(pacer.waitMs(at(4e6), 4500)).toBe(500);
  });

  it('goes on where an earlier pass over the same times ended', () => {
    const pacer = new Pacer(1);
    pacer.waitMs(at(5e6), 0);
    expect(pacer.waitMs(at(7e6), 2000)).toBe(0);
    pacer.aheadUs = 3e6;
    expect(pacer.waitMs(at(5e6), 2000)).toBe(1000);
    expect(pacer.waitMs(at(7e6), 2000)).toBe(3000);
  });

  it('plays x10 in a tenth of the time', () => {
    const pacer = new Pacer(10);
    pacer.waitMs(at(0), 0);
    expect(pacer.waitMs(at(30e6), 0)).toBe(3000);
  });

  it('does not sleep through years of silence, nor when time runs backwards', () => {
    const pacer = new Pacer(1);
    pacer.waitMs(at(1e15), 0);
    expect(pacer.waitMs(at(2e15), 0)).toBe(60_000);
    expect(pacer.waitMs(at(1e15), 60_000)).toBe(0);
    expect(pacer.waitMs(at(2e15 + 1e6), 60_000)).toBe(1000);
  });

  it('keeps a rate of packets, or of bits on the wire, whatever was recorded', () => {
    const packets = new Pacer({ packetsPerSecond: 1000 });
    expect(packets.waitMs(batch(500, 1), 7000)).toBe(0);
    expect(packets.waitMs(batch(2000, 1), 7000)).toBe(500);
    expect(packets.waitMs(batch(1, 1), 9400)).toBe(100);
    const bits = new Pacer({ bitsPerSecond: 1e6 });
    expect(bits.waitMs(batch(1, 125_000), 0)).toBe(0);
    expect(bits.waitMs(batch(1, 1), 400)).toBe(600);
  });

  it('says how late its batches went', () => {
    const pacer = new Pacer(1);
    expect(pacer.lag).toBeUndefined();
    for (let i = 0; i < 99; i++) {
      pacer.waitMs(at(i * 1e6), i * 1000);
      pacer.go(i * 1000 + 2);
    }
    pacer.waitMs(at(99e6), 99_000);
    pacer.go(99_250);
    const { medianMs, p99Ms, mostMs } = pacer.lag!;
    expect(Math.abs(medianMs - 2) / 2).toBeLessThan(0.02);
    expect(Math.abs(p99Ms - 2) / 2).toBeLessThan(0.02);
    expect(mostMs).toBe(250);
    const top = new Pacer('top');
    top.waitMs(at(0), 0);
    top.go(9);
    expect(top.lag).toBeUndefined();
  });

  it.each([
    ['top', 'top'],
    ['recorded', 1],
    ['x100', 100],
    ['0.5', 0.5],
    ['0.0000001', 1e-7],
    ['50000pps', { packetsPerSecond: 50_000 }],
    ['2.5mbps', { bitsPerSecond: 2_500_000 }],
    ['x5pps', undefined],
    ['pps', undefined],
    ['1.2.3', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['fast', undefined],
    ['', undefined],
  ])('reads --speed %s as %s', (text, speed) => {
    expect(parseSpeed(text)).toEqual(speed);
    if (speed !== undefined) expect(parseSpeed(speedText(parseSpeed(text)!))).toEqual(speed);
  });
});
