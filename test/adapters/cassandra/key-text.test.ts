/** Names as partition keys: none is empty, no two meet. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyText } from '@tapline/adapters/cassandra/key-text';

const name = fc.oneof(
  fc.string({ maxLength: 2 }),
  fc.string({ maxLength: 2 }).map((text) => `\0${text}`),
  fc.constantFrom('', '\0', '\0\0'),
);

it('leaves ordinary names as they are, so that analysts can write them', () => {
  expect(keyText('instance-1')).toBe('instance-1');
});

it('makes no empty key, and different keys of different names', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(keyText(a)).not.toBe('');
      expect(keyText(a) === keyText(b)).toBe(a === b);
    }),
  );
});
