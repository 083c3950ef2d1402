/** The bound on what is under way at once. */
import { expect, it } from 'vitest';
import { Gate } from '@tapline/adapters/cassandra/gate';

it('lets a bounded number in at once, all in the end, and in order', async () => {
  const gate = new Gate(3);
  let inside = 0;
  let most = 0;
  const order: number[] = [];
  const work = Array.from({ length: 5000 }, (_, i) =>
    gate.run(async () => {
      order.push(i);
      most = Math.max(most, ++inside);
      await Promise.resolve();
      inside--;
    }),
  );
  await Promise.all(work);
  expect(most).toBe(3);
  expect(order).toEqual([...Array(5000).keys()]);
});

it('gives the place of one that failed to the next', async () => {
  const gate = new Gate(1);
  const failing = gate.run(() => Promise.reject(new Error('no')));
  const next = gate.run(() => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
  expect(await gate.run(() => Promise.resolve('again'))).toBe('again');
});
