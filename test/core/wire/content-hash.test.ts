import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentHash, xxHash32 } from '@tapline/core/wire/content-hash';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('the content hash', () => {
  // Values of the reference implementation (python-xxhash 4.1.0), seeds 0 and 0x9e3779b1.
  it.each([
    [bytesOf(''), 0x02cc_5d05, 0x36b7_8ae7],
    [bytesOf('a'), 0x550d_7456, 0x9e16_33e4],
    [bytesOf('abc'), 0x32d1_53ff, 0xa1ae_7709],
    [bytesOf('Nobody inspects the spammish repetition'), 0xe229_3b2f, 0xc9e8_9e68],
    [Uint8Array.from([...Array(768).keys(), 120, 121, 122]), 0xbaa5_4da9, 0x942b_3800],
  ])('is XXH32 with two seeds', (bytes, first, second) => {
    expect(xxHash32(bytes)).toBe(first);
    expect(xxHash32(bytes, 0x9e37_79b1)).toBe(second);
    expect(contentHash(bytes)).toBe(first.toString(16).padStart(8, '0') + second.toString(16).padStart(8, '0'));
  });

  it('does not depend on where the bytes lie in memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), (bytes, offset) => {
        const moved = new Uint8Array(bytes.length + 8);
        moved.set(bytes, offset);
        expect(contentHash(moved.subarray(offset, offset + bytes.length))).toBe(contentHash(bytes));
      }),
    );
  });
});
