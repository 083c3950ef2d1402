/** Whose a packet is, by the sockets of the host that captures it. */
import { Decoder } from '@tapline/core/decode/decoder';
import { OwnConversations, TCP, VERDICT, type Conversation } from '@tapline/core/mirror/own-conversations';
import { parseAddress } from '@tapline/core/packet/address';
import { allocateColumns, clearColumns } from '@tapline/core/packet/columns';
import { beforeEach, describe, expect, it } from 'vitest';
import { hex } from '../../helpers/decode.ts';

const columns = allocateColumns();
const decoder = new Decoder();
const HOST = parseAddress('10.0.0.1')!;
const BROKER = parseAddress('10.0.0.2')!;
const SYN = 0x02;
const ACK = 0x10;

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly flags?: number;
  /** IPv4 protocol, of headers that begin with two ports. */
  readonly protocol?: number;
}

const toHex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
function end(text: string): { address: string; port: string } {
  const [address, port] = text.split(':') as [string, string];
  return {
    address: address
      .split('.')
      .map((byte) => toHex(Number(byte), 2))
      .join(''),
    port: toHex(Number(port), 4),
  };
}

function decode({ from, to, flags = ACK, protocol = TCP }: Ends): void {
  const [source, destination] = [end(from), end(to)];
  const frame = hex(
    `020000000002020000000001 0800 4500002800004000 40${toHex(protocol, 2)}0000 ${source.address}${destination.address}` +
      `${source.port}${destination.port} 00000001 00000002 50${toHex(flags, 2)}ffff 00000000`,
  );
  clearColumns(columns, 1);
  decoder.decode(columns, 0, frame, 0, frame.length, frame.length, 1e9, 0, 1);
}

describe('a packet of the capturing host', () => {
  let known: OwnConversations;
  beforeEach(() => {
    known = new OwnConversations();
  });

  const judge = (ends: Ends): number => {
    decode(ends);
    return known.judge(columns, 0);
  };
  const know = (...conversations: Conversation[]): void => {
    known.replace([HOST], conversations);
  };
  const stream: Conversation = {
    protocol: TCP,
    local: HOST.words,
    localPort: 40_000,
    remote: BROKER.words,
    remotePort: 9092,
    verdict: VERDICT.own,
  };

  it('is our own in both directions when the conversation is, and no other of the same host is', () => {
    know(stream);
    expect(judge({ from: '10.0.0.1:40000', to: '10.0.0.2:9092' })).toBe(VERDICT.own);
    expect(judge({ from: '10.0.0.2:9092', to: '10.0.0.1:40000' })).toBe(VERDICT.own);
    expect(judge({ from: '10.0.0.1:40001', to: '10.0.0.2:9092' })).toBe(VERDICT.unknown);
    expect(judge({ from: '10.0.0.1:40000', to: '10.0.0.2:9092', protocol: 17 })).toBe(VERDICT.unknown);
  });

  it('is somebody else’s when no end is here, whatever the ports are', () => {
    know(stream, { protocol: TCP, localPort: 22, remotePort: 0, verdict: VERDICT.own });
    expect(judge({ from: '10.0.0.3:40000', to: '10.0.0.2:9092' })).toBe(VERDICT.other);
    expect(judge({ from: '10.0.0.3:40000', to: '10.0.0.2:22' })).toBe(VERDICT.other);
  });

  it('is our own at a port on which we listen, at every address or at one', () => {
    know({ protocol: TCP, localPort: 8080, remotePort: 0, verdict: VERDICT.own });
    expect(judge({ from: '192.0.2.9:5000', to: '10.0.0.1:8080', flags: SYN })).toBe(VERDICT.own);
    const atLoopback = parseAddress('127.0.0.1')!;
    know({ protocol: TCP, local: atLoopback.words, localPort: 8080, remotePort: 0, verdict: VERDICT.own });
    expect(judge({ from: '192.0.2.9:5000', to: '10.0.0.1:8080' })).toBe(VERDICT.unknown);
    expect(judge({ from: '127.0.0.1:5000', to: '127.0.0.1:8080' })).toBe(VERDICT.own);
  });

  it('is likely our own to a peer of ours, unless its socket is somebody else’s', () => {
    const peer = { protocol: TCP, localPort: 0, remote: BROKER.words, remotePort: 9092, verdict: VERDICT.likely };
    know(peer);
    expect(judge({ from: '10.0.0.1:40000', to: '10.0.0.2:9092' })).toBe(VERDICT.likely);
    know(peer, { ...stream, verdict: VERDICT.other });
    expect(judge({ from: '10.0.0.2:9092', to: '10.0.0.1:40000' })).toBe(VERDICT.other);
  });

  it('stays somebody else’s once that was decided, until its conversation begins again or turns out to be ours', () => {
    know();
    const ends = { from: '10.0.0.1:40000', to: '10.0.0.2:9092' };
    expect(judge(ends)).toBe(VERDICT.unknown);
    known.settle(columns, 0);
    expect(judge(ends)).toBe(VERDICT.other);
    expect(judge({ from: ends.to, to: ends.from })).toBe(VERDICT.other);
    expect(judge({ ...ends, flags: SYN })).toBe(VERDICT.unknown);
    know(stream);
    expect(judge(ends)).toBe(VERDICT.own);
  });

  it('is found among thousands of conversations', () => {
    const ports = Array.from({ length: 5000 }, (_, i) => 10_000 + i);
    know(...ports.map((localPort) => ({ ...stream, localPort })));
    const verdicts = ports.map((port) => judge({ from: `10.0.0.1:${port}`, to: '10.0.0.2:9092' }));
    expect(new Set(verdicts)).toEqual(new Set([VERDICT.own]));
    expect(judge({ from: '10.0.0.1:9999', to: '10.0.0.2:9092' })).toBe(VERDICT.unknown);
  });
});
