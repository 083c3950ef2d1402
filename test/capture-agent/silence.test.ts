import { LIVE_DELAY_US, Silence } from '@tapline/capture-agent/silence';
import { describe, expect, it } from 'vitest';

const NEWEST_US = 1_000_000_000;
const EVERY_MS = 1000;

describe('the silence of a live source', () => {
  it('lets event time go on in whole microseconds from the newest packet, as far behind as a packet may be on its way', () => {
    const silence = new Silence(EVERY_MS, 0);
    silence.begin(500.0004);
    expect(silence.watermarkUs(NEWEST_US, 1000, 0)).toBe(NEWEST_US + 499_999 - LIVE_DELAY_US);
    expect(silence.watermarkUs(NEWEST_US, 2000, 0)).toBe(NEWEST_US + 1_499_999 - LIVE_DELAY_US);
    expect(silence.watermarkUs(NEWEST_US, 3000, 0)).toBe(NEWEST_US + 2_499_999 - LIVE_DELAY_US);
  });

  it('says nothing while something that came is worked on', () => {
    const silence = new Silence(EVERY_MS, 0);
    silence.begin(0);
    silence.end();
    expect(silence.watermarkUs(NEWEST_US, 1000, 0)).toBe(-Infinity);
  });

  it('is on the wall clock before the first packet', () => {
    const silence = new Silence(EVERY_MS, 0);
    silence.begin(0);
    expect(silence.watermarkUs(-Infinity, 1000, 7e15)).toBe(7e15 - LIVE_DELAY_US);
  });

  it('counts no time in which the process was stopped: the pipe may have filled meanwhile', () => {
    const silence = new Silence(EVERY_MS, 0);
    silence.begin(0);
    silence.watermarkUs(NEWEST_US, 1000, 0);
    expect(silence.watermarkUs(NEWEST_US, 61_000, 0)).toBe(NEWEST_US - LIVE_DELAY_US);
    expect(silence.watermarkUs(NEWEST_US, 62_000, 0)).toBe(NEWEST_US + 1_000_000 - LIVE_DELAY_US);
  });
});
