import { expect, it } from 'vitest';
import { PollPace } from '../../report/src/poll-pace.ts';

it('asks every second while a run goes on, and every ten when it has finished', () => {
  const pace = new PollPace();
  expect([pace.delayMs(false), pace.delayMs(true)]).toEqual([1000, 10_000]);
  pace.answered(20);
  expect([pace.delayMs(false), pace.delayMs(true)]).toEqual([1000, 10_000]);
});

it('leaves a slow server eight times as long alone, and is not put off by one slow answer', () => {
  const pace = new PollPace();
  for (const tookMs of [30, 2400, 40]) pace.answered(tookMs);
  expect(pace.delayMs(false)).toBe(1000);
  for (const tookMs of [2000, 2400, 3000]) pace.answered(tookMs);
  expect(pace.delayMs(false)).toBe(16_000);
});
