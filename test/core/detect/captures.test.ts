/** The detectors on the labelled captures: each attack they are for has its one alert about the right entity, nothing else has any. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureIndex, CAPTURES } from '../../helpers/captures.ts';
import { decodeCapture } from '../../helpers/decode.ts';
import { alertsOf } from '../../helpers/panes.ts';

/**
 * By label class: what must be found in each of its captures, as detector and the label's host column.
 * Classes that are not here need payload, or hide in the rate of ordinary clients (http_dos: 146 connections in 26 min, all
 * of them answered at once).
 */
const EXPECTED: Readonly<Record<string, readonly [detector: string, host: 'attacker' | 'victim']>> = {
  syn_flood: ['syn-flood', 'victim'],
  port_scan: ['vertical-scan', 'attacker'],
  arp_sweep: ['horizontal-scan', 'attacker'],
  udp_amplification: ['reflection', 'victim'],
  tcp_reflection: ['reflection', 'victim'],
  brute_force: ['brute-force', 'attacker'],
  dns_tunnel: ['dns-tunnel', 'attacker'],
  dhcp_flood: ['udp-flood', 'victim'],
};

/** 16 and 21 requests over hours: below every floor; they are for the detectors with a long memory. */
const TOO_SLOW = ['multiport_scan.pcap', '445_scan.pcap'];

/** A DHCP flood's label has no address: it is to the broadcast service of the segment. */
const entityOf = (host: string): string => (host === 'broadcast' ? '255.255.255.255:67' : host);

describe.skipIf(CAPTURES === undefined)('labelled captures', () => {
  for (const label of captureIndex('LABELS')) {
    const path = label['path']!;
    const isSweep = label['class'] === 'host_sweep' && !TOO_SLOW.some((name) => path.endsWith(name));
    const expected = isSweep ? (['horizontal-scan', 'attacker'] as const) : EXPECTED[label['class']!];
    const title = expected === undefined ? 'no alert' : `one ${expected[0]} of the ${expected[1]}`;
    it(`${path}: ${title}`, async () => {
      const { batches } = await decodeCapture(join(CAPTURES!, path));
      const found = alertsOf(batches).alerts.map(({ detector, entity }) => [detector, entity]);
      expect(found).toEqual(expected === undefined ? [] : [[expected[0], entityOf(label[expected[1]]!)]]);
    });
  }
});

describe('the bundled capture', () => {
  it('gives each attack that these detectors are for its one alert, and nothing else', async () => {
    const { batches } = await decodeCapture(
      join(import.meta.dirname, '../../../captures/office-under-attack.pcap.zst'),
    );
    const { alerts } = alertsOf(batches);
    // The visitor's ARP and SMB sweeps follow each other, and so do the TCP and UDP scans of one outside host: one episode each.
    expect(alerts.map(({ detector, entity }) => `${detector} ${entity}`)).toEqual([
      'vertical-scan 203.0.113.66',
      'horizontal-scan 192.168.50.166',
      'brute-force 203.0.113.67',
      'syn-flood 192.168.50.80:80',
      'udp-flood 192.168.50.22:9000',
      'slow-http 192.168.50.80:80',
    ]);
    expect(alerts[3]!.summary).toContain('spoofed');
  });
});
