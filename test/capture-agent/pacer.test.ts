import { describe, expect, it } from 'vitest';
import { Pacer, parseSpeed } from '@tapline/capture-agent/pacer';

describe('the replay schedule', () => {
  it('never waits at top speed', () => {
    const pacer = new Pacer('top');
    expect([0, 5e6, 9e9].map((eventUs) => pacer.waitMs(eventUs, 0))).toEqual([0, 0, 0]);
  });

  it('is absolute from the first packet, so a late one does not delay those after it', () => {
    const pacer = new Pacer(1);
    expect(pacer.waitMs(0, 1000)).toBe(0);
    expect(pacer.waitMs(1e6, 1000)).toBe(1000);
    expect(pacer.waitMs(2e6, 2900)).toBe(100);
    expect(pacer.waitMs(3e6, 4500)).toBe(0);
    expect(pacer.waitMs(4e6, 4500)).toBe(500);
  });

  it('plays x10 in a tenth of the time', () => {
    const pacer = new Pacer(10);
    pacer.waitMs(0, 0);
    expect(pacer.waitMs(30e6, 0)).toBe(3000);
  });

  it('does not sleep through years of silence, nor when time runs backwards', () => {
    const pacer = new Pacer(1);
    pacer.waitMs(1e15, 0);
    expect(pacer.waitMs(2e15, 0)).toBe(60_000);
    expect(pacer.waitMs(1e15, 60_000)).toBe(0);
    expect(pacer.waitMs(2e15 + 1e6, 60_000)).toBe(1000);
  });

  it.each([
    ['top', 'top'],
    ['recorded', 1],
    ['x100', 100],
    ['0.5', 0.5],
    ['0', undefined],
    ['-1', undefined],
    ['fast', undefined],
    ['', undefined],
  ])('reads --speed %s as %s', (text, speed) => {
    expect(parseSpeed(text)).toBe(speed);
  });
});
