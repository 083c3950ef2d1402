/** The byte form of ArpClaims: count, then per entry address u32, MAC (16 + 32 bits), three counts and two times as varints. */
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { PANE_ARP_ENTRIES, type ArpClaims } from './arp-claims.ts';

const LOW_BITS = 0x1_0000_0000;

export function encodeArp(claims: ArpClaims, windowStartUs: number, writer: ByteWriter): void {
  const entries = claims.entries();
  writer.varint(entries.length);
  for (const { ipv4, mac, requests, replies, announcements, firstUs, lastUs } of entries) {
    writer.u32(ipv4);
    writer.varint(Math.floor(mac / LOW_BITS));
    writer.u32(mac % LOW_BITS);
    writer.varint(requests);
    writer.varint(replies);
    writer.varint(announcements);
    writer.varint(firstUs - windowStartUs);
    writer.varint(lastUs - firstUs);
  }
}

export function decodeArp(claims: ArpClaims, windowStartUs: number, reader: ByteReader): void {
  const count = reader.bounded(PANE_ARP_ENTRIES, 'ARP entries');
  for (let index = 0; index < count; index++) {
    const ipv4 = reader.u32();
    const mac = reader.bounded(0xffff, 'as half a MAC') * LOW_BITS + reader.u32();
    const [requests, replies, announcements] = [reader.varint(), reader.varint(), reader.varint()];
    const firstUs = windowStartUs + reader.varint();
    claims.add({ ipv4, mac, requests, replies, announcements, firstUs, lastUs: firstUs + reader.varint() });
    if (claims.size !== index + 1) throw reader.damage('has an ARP entry twice');
  }
}
