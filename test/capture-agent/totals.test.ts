import { describe, expect, it } from 'vitest';
import { SentTotals } from '@tapline/capture-agent/totals';

describe('what the sensor says it sent', () => {
  it('announces a window once per change, with its total so far', () => {
    const totals = new SentTotals();
    totals.addWindow(20, 2, 200);
    totals.addWindow(10, 1, 100);
    totals.addWindow(20, 3, 300);
    expect(totals.takeWindows()).toEqual([
      { windowStartUs: 10, batches: 1, packets: 1, bytes: 100 },
      { windowStartUs: 20, batches: 2, packets: 5, bytes: 500 },
    ]);
    expect(totals.takeWindows()).toEqual([]);
    totals.addWindow(10, 4, 400);
    expect(totals.takeWindows()).toEqual([{ windowStartUs: 10, batches: 2, packets: 5, bytes: 500 }]);
  });

  it('remembers recent windows only, but never forgets one that is still to be announced', () => {
    const totals = new SentTotals();
    for (let start = 0; start < 70_000; start++) totals.addWindow(start, 1, 1);
    expect(totals.takeWindows()).toHaveLength(70_000);
    for (let start = 70_000; start < 140_000; start++) totals.addWindow(start, 1, 1);
    totals.takeWindows();
    totals.addWindow(0, 1, 1);
    expect(totals.takeWindows()).toEqual([{ windowStartUs: 0, batches: 1, packets: 1, bytes: 1 }]);
  });

  it('keeps the minutes of the books apart from the windows', () => {
    const totals = new SentTotals();
    totals.addMinute(0, 5, 1, 500);
    totals.addMinute(0, 5, 0, 500);
    expect(totals.takeMinutes()).toEqual([
      expect.objectContaining({ minuteStartUs: 0, offered: 10, sent: 10, malformed: 1, wireBytes: 1000 }),
    ]);
    expect(totals.takeWindows()).toEqual([]);
  });

  it('offers what was sent, what was left out and what the kernel dropped, in minutes without a packet too', () => {
    const totals = new SentTotals();
    totals.addUnsent(60, 'kernelDropped', 7);
    totals.addMinute(0, 5, 0, 500);
    totals.addUnsent(0, 'kernelDropped', 2);
    totals.addUnsent(0, 'self', 3);
    expect(totals.takeMinutes()).toEqual([
      expect.objectContaining({ minuteStartUs: 0, offered: 10, kernelDropped: 2, self: 3, sent: 5 }),
      expect.objectContaining({ minuteStartUs: 60, offered: 7, kernelDropped: 7, sent: 0 }),
    ]);
  });
});
