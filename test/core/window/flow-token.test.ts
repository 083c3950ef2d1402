/** The alphabet of kinds of flows: every flow has a token, and the token says in words what it is. */
import { ALPHABET_MOST } from '@tapline/core/sketch/token-counts';
import { PROTOCOL_ARP } from '@tapline/core/window/flow-records';
import { FLOW_TOKENS, flowToken, tokenText } from '@tapline/core/window/flow-token';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('a flow token', () => {
  it('is one of a bounded alphabet, whatever the flow', () => {
    expect(FLOW_TOKENS).toBeLessThanOrEqual(ALPHABET_MOST);
    fc.assert(
      fc.property(fc.nat({ max: 131_071 }), fc.nat({ max: 2 ** 53 - 1 }), fc.nat({ max: 65_535 }), (...flow) => {
        const token = flowToken(...flow);
        expect(Number.isInteger(token) && token >= 0 && token < FLOW_TOKENS).toBe(true);
      }),
    );
    expect(flowToken(6, 2 ** 53 - 1, 65_535)).toBeLessThan(FLOW_TOKENS);
  });

  it('differs by protocol, by powers of two of the bytes, and by what is behind the port', () => {
    const sizes = Array.from({ length: 24 }, (_, bits) => flowToken(6, 2 ** (bits + 5), 443));
    expect(new Set(sizes).size).toBe(24);
    expect(flowToken(6, 32_767, 443)).toBe(flowToken(6, 16_384, 80));
    expect(flowToken(6, 32_768, 443)).not.toBe(flowToken(6, 32_767, 443));
    const others = [flowToken(17, 16_384, 443), flowToken(6, 16_384, 444), flowToken(6, 16_384, 4444)];
    expect(new Set([flowToken(6, 16_384, 443), ...others]).size).toBe(4);
  });

  it('reads as words', () => {
    const texts = [
      [6, 20_000, 3306, 'tcp, 16 to 32 KiB, to a database'],
      [6, 600, 443, 'tcp, 512 B to 1 KiB, to a web port'],
      [17, 70, 123, 'udp, 64 to 128 B, to a network service'],
      [17, 40, 65_000, 'udp, less than 64 B, to a dynamic port'],
      [6, 1e12, 444, 'tcp, 256 MiB or more, to another well-known port'],
      [6, 3e6, 1024, 'tcp, 2 to 4 MiB, to a registered port'],
      [1, 98, 0, 'icmp, 64 to 128 B'],
      [58, 98, 0, 'icmpv6, 64 to 128 B'],
      [PROTOCOL_ARP, 60, 0, 'arp, less than 64 B'],
      [47, 1024, 0, 'other IP, 1 to 2 KiB'],
      [0x1_88cc, 100, 0, 'not IP, 64 to 128 B'],
    ] as const;
    for (const [protocol, bytes, port, text] of texts) expect(tokenText(flowToken(protocol, bytes, port))).toBe(text);
  });
});
