import { networkInterfaces } from 'node:os';
import { listInterfaces, parseList } from '@tapline/adapters/interface/interfaces';
import { describe, expect, it } from 'vitest';

describe('the interfaces that tcpdump lists', () => {
  it('are read with their states and descriptions', () => {
    const text = [
      '1.eth0 [Up, Running, Connected]',
      '2.any (Pseudo-device that captures on all interfaces) [Up, Running]',
      '3.ifb0 [none]',
      '4.nflog (Linux netfilter log (NFLOG) interface) [none]',
      '',
    ].join('\n');
    expect(Object.fromEntries(parseList(text))).toEqual({
      eth0: { state: 'up', description: null },
      any: { state: 'up', description: 'Pseudo-device that captures on all interfaces' },
      ifb0: { state: 'down', description: null },
      nflog: { state: 'down', description: 'Linux netfilter log (NFLOG) interface' },
    });
  });

  it('are read as old versions list them, without states', () => {
    const text = '1.eth0\n2.any (Pseudo-device that captures on all interfaces)\n3.lo\n';
    expect([...parseList(text)].map(([name, { state }]) => [name, state])).toEqual([
      ['eth0', null],
      ['any', null],
      ['lo', null],
    ]);
  });
});

describe('the interfaces of this machine', () => {
  it('hold every one that has an address, with its addresses', async () => {
    const found = await listInterfaces();
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      expect(found.find((known) => known.name === name)).toMatchObject({
        addresses: addresses!.map(({ cidr }) => cidr),
      });
    }
    expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
  });
});
