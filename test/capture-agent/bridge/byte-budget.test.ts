import { describe, expect, it } from 'vitest';
import { ByteBudget } from '@tapline/capture-agent/bridge/byte-budget';

const open = new AbortController().signal;
/** What a promise is by now. */
const stateOf = (promise: Promise<boolean>): Promise<boolean | 'waiting'> =>
  Promise.race([promise, new Promise<'waiting'>((done) => setImmediate(done, 'waiting'))]);

describe('the budget of bytes in memory', () => {
  it('grants in order, and lets a large one pass when there is any room', async () => {
    const budget = new ByteBudget(100);
    expect(await budget.acquire(60, open)).toBe(true);
    expect(await budget.acquire(500, open)).toBe(true);
    const [first, second] = [budget.acquire(1, open), budget.acquire(2, open)];
    budget.release(60);
    expect(await stateOf(first)).toBe('waiting');
    budget.release(500);
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(budget.used).toBe(3);
  });

  it('forgets who gave up waiting', async () => {
    const budget = new ByteBudget(10);
    await budget.acquire(10, open);
    const abort = new AbortController();
    const [impatient, patient] = [budget.acquire(5, abort.signal), budget.acquire(6, open)];
    abort.abort();
    expect(await impatient).toBe(false);
    budget.release(10);
    expect(await patient).toBe(true);
    expect(budget.used).toBe(6);
    expect(await budget.acquire(1, abort.signal)).toBe(false);
  });
});
