import { tcpdumpArguments, type InterfaceCapture } from '@tapline/adapters/interface/capture';
import { describe, expect, it } from 'vitest';

const capture = (more: Partial<InterfaceCapture> = {}): InterfaceCapture => ({
  interface: 'eth0',
  promiscuous: true,
  bufferBytes: 2 ** 20,
  includeSelf: false,
  ...more,
});

describe('the arguments of tcpdump', () => {
  it('are a capture to standard output, packet by packet, with a buffer in KiB', () => {
    expect(tcpdumpArguments(capture(), undefined)).toEqual(['-i', 'eth0', '-U', '-w', '-', '-B', '1024']);
  });

  it('hold what was asked for, and who it is to become', () => {
    const asked = capture({ count: 5, snapshotBytes: 96, promiscuous: false, filter: 'tcp port 80' });
    expect(tcpdumpArguments(asked, 'nobody').slice(7)).toEqual([
      '-Z',
      'nobody',
      '-s',
      '96',
      '-p',
      '-c',
      '5',
      '--',
      'tcp port 80',
    ]);
  });

  it('take an expression that looks like an option for an expression', () => {
    expect(tcpdumpArguments(capture({ filter: '-z id' }), undefined).slice(-2)).toEqual(['--', '-z id']);
  });

  it.each(['-w', '', 'rpcap://host/eth0', '../eth0', 'eth0 eth1', 'eth0;id', 'x'.repeat(65), 'eth0\n'])(
    'refuse %j as an interface',
    (name) => {
      expect(() => tcpdumpArguments(capture({ interface: name }), undefined)).toThrow('cannot be an interface');
    },
  );

  it.each(['eth0.100', 'eth0:1', 'br-lan', 'veth@if3', 'any', 'nflog:5', 'bluetooth-monitor'])(
    'take %s as one',
    (name) => {
      expect(tcpdumpArguments(capture({ interface: name }), undefined)[1]).toBe(name);
    },
  );
});
