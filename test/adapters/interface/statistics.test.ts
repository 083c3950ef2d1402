import { Statistics } from '@tapline/adapters/interface/statistics';
import { describe, expect, it } from 'vitest';

function readAll(...lines: string[]): Statistics {
  const statistics = new Statistics();
  for (const line of lines) statistics.read(line);
  return statistics;
}

describe('the counters of tcpdump', () => {
  it.each([
    [
      '4.99 on Linux, on SIGUSR1',
      ['tcpdump: 928 packets captured, 3000 packets received by filter, 2072 packets dropped by kernel'],
    ],
    [
      '4.99 on Linux, at its end',
      ['928 packets captured', '3000 packets received by filter', '2072 packets dropped by kernel'],
    ],
    [
      '4.9 and older, on SIGUSR1 between two lines of its own',
      [
        'tcpdump: listening on eth0, link-type EN10MB (Ethernet), capture size 262144 bytes',
        'tcpdump: 928 packets captured, 3000 packets received by filter, 2072 packets dropped by kernel',
      ],
    ],
    [
      'with what the network card lost apart',
      [
        'tcpdump: 928 packets captured, 3000 packets received by filter, 2072 packets dropped by kernel, 72 packets dropped by interface',
      ],
    ],
    [
      'with what the network card lost apart, at its end',
      [
        '928 packets captured',
        '3000 packets received by filter',
        '2072 packets dropped by kernel',
        '72 packets dropped by interface',
      ],
    ],
  ])('are read as %s prints them', (_version, lines) => {
    expect(readAll(...lines)).toMatchObject({ captured: 928, dropped: 2072 });
  });

  it('are read in the singular', () => {
    const { captured, dropped } = readAll(
      'tcpdump: 1 packet captured, 2 packets received by filter, 1 packet dropped by kernel',
    );
    expect({ captured, dropped }).toEqual({ captured: 1, dropped: 1 });
  });

  it('say how many packets wait in the kernel', () => {
    const line = 'tcpdump: 928 packets captured, 3005 packets received by filter, 2072 packets dropped by kernel';
    expect(readAll(line).unread).toBe(5);
  });

  it('are told from other lines', () => {
    const statistics = new Statistics();
    expect(statistics.read('tcpdump: pcap_loop: The interface disappeared')).toBe(false);
    expect(
      statistics.read('tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes'),
    ).toBe(false);
    expect(statistics.read('0 packets captured')).toBe(true);
  });

  it('go on when their 32 bits are full', () => {
    const { captured } = readAll(
      'tcpdump: 2000000000 packets captured',
      'tcpdump: 4000000000 packets captured',
      'tcpdump: 1000000 packets captured',
    );
    expect(captured).toBe(2 ** 32 + 1_000_000);
  });

  it('lose nothing when the network card sets its own back', () => {
    const { droppedByInterface } = readAll(
      '50 packets dropped by interface',
      '4294967290 packets dropped by interface',
      '4294967293 packets dropped by interface',
    );
    expect(droppedByInterface).toBe(53);
  });
});
