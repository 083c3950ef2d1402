import { chooseSource } from '@tapline/embedded/cli/interface-options';
import { describe, expect, it } from 'vitest';

const plain = { promiscuous: true, includeSelf: false };
const onEth0 = { ...plain, interface: 'eth0' };

describe('what a command is to read', () => {
  it('is the one source that is named, or the standard one', () => {
    expect(chooseSource(['my.pcap'], plain)).toBe('my.pcap');
    expect(chooseSource([], plain, 'bundled.pcap')).toBe('bundled.pcap');
  });

  it('is an interface, with the words behind it as one expression', () => {
    expect(chooseSource(['tcp', 'port', '80'], { ...onEth0, count: 5, snapshotLength: 96, duration: 2e6 })).toEqual({
      interface: 'eth0',
      filter: 'tcp port 80',
      promiscuous: true,
      count: 5,
      snapshotBytes: 96,
      durationMs: 2000,
      bufferBytes: 32 * 2 ** 20,
      includeSelf: false,
    });
    expect(chooseSource([], onEth0, 'bundled.pcap')).not.toHaveProperty('filter');
  });

  it.each([
    ['nothing', [], plain, 'name a capture file'],
    ['two files', ['a.pcap', 'b.pcap'], plain, 'one source at a time'],
    ['a file and an interface', [import.meta.filename], onEth0, 'leave one away'],
    ['standard input and an interface', ['-'], onEth0, 'leave one away'],
    ['a count of packets of a file', ['a.pcap'], { ...plain, count: 1 }, '--count is for an interface'],
    [
      'a file without promiscuity',
      ['a.pcap'],
      { ...plain, promiscuous: false },
      '--no-promiscuous is for an interface',
    ],
    ['a file without own traffic', ['a.pcap'], { ...plain, includeSelf: true }, '--include-self is for an interface'],
  ])('is not %s', (_what, words, flags, said) => {
    expect(() => chooseSource(words, flags)).toThrow(said);
  });
});
