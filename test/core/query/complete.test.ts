import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completions, type KnownValues } from '@tapline/core/query/complete';

const KNOWN: KnownValues = {
  hosts: ['192.168.50.80', '192.168.50.22', '2001:db8::1'],
  ports: [{ port: 443, name: 'https' }],
  alerts: [{ id: '3f4c55', name: 'vertical-scan 203.0.113.66' }],
  times: [{ text: '12:03', name: 'the busiest minute' }],
};

/** `|` is where the reader types. */
const offered = (marked: string): string[] => {
  const caret = marked.indexOf('|');
  return completions(marked.replace('|', ''), caret, KNOWN).choices.map(({ text }) => text);
};

describe('completion', () => {
  test('offers words where a word can stand, values where a value can, and joins after a term', () => {
    expect(offered('|')).toContain('host');
    expect(offered('ho|')).toEqual(['host']);
    expect(offered('host |')).toEqual(KNOWN.hosts);
    expect(offered('host 192.168.50.2|')).toEqual(['192.168.50.22']);
    expect(offered('host 192.168.50.22 |')).toEqual(['and', 'or']);
    expect(offered('tcp a|')).toEqual(['and']);
    expect(offered('tcp and (|')).toContain('not');
    expect(offered('net |')).toEqual(['192.168.50.0/24']);
    expect(offered('port |')).toEqual(['443']);
  });

  test('knows a value by what it means, too', () => {
    expect(offered('alert scan|')).toEqual(['3f4c55']);
    expect(offered('port http|')).toEqual(['443']);
  });

  test('replaces what was typed of the word and nothing else', () => {
    expect(completions('tcp and ho', 10, KNOWN)).toMatchObject({ fromAt: 8, toAt: 10 });
    expect(completions('tcp and ', 8, KNOWN)).toMatchObject({ fromAt: 8, toAt: 8 });
  });

  test('never throws, and its place is inside the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.nat(60), (text, caret) => {
        const place = Math.min(caret, text.length);
        const { fromAt, toAt } = completions(text, place, KNOWN);
        expect(fromAt).toBeGreaterThanOrEqual(0);
        expect(toAt).toBe(place);
      }),
    );
  });
});
