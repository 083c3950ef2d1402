/** Flow buckets of a partial as bytes: per bucket its key hash, its key, its sums and its contact set. */
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { ThetaSet } from '../sketch/theta-set.ts';
import { BUCKET_KINDS, emptyBucket, PANE_CONTACTS, type FlowBucket } from './flow-bucket.ts';
import { PANE_BUCKETS, type FlowBuckets } from './flow-buckets.ts';
import { decodeAddress, encodeAddress } from './flow-codec.ts';

const SUMS = ['flows', 'failed', 'completed', 'illegal', 'answered', 'opens', 'accepts', 'refusals'] as const;

export function encodeBuckets(buckets: FlowBuckets, windowStartUs: number, writer: ByteWriter): void {
  const entries = buckets.entries();
  writer.varint(entries.length);
  for (const [hash, bucket] of entries) {
    writer.u32(hash);
    writer.u8(BUCKET_KINDS.indexOf(bucket.kind));
    writer.u8(bucket.addressType);
    writer.varint(bucket.protocol);
    writer.varint(bucket.port);
    encodeAddress(writer, bucket.addressType, bucket.host, 0);
    if (bucket.kind === 'probe') encodeAddress(writer, bucket.addressType, bucket.peer, 0);
    for (const sum of SUMS) writer.varint(bucket[sum]);
    for (const value of [...bucket.packets, ...bucket.bytes]) writer.varint(value);
    writer.varint(bucket.firstUs - windowStartUs);
    writer.varint(bucket.lastUs - bucket.firstUs);
    bucket.contacts.encode(writer);
  }
}

export function decodeBuckets(buckets: FlowBuckets, windowStartUs: number, reader: ByteReader): void {
  const count = reader.bounded(PANE_BUCKETS, 'buckets');
  for (let index = 0; index < count; index++) {
    const hash = reader.u32();
    buckets.add(hash, decodeBucket(windowStartUs, reader));
    if (buckets.size !== index + 1) throw reader.damage('has a bucket twice');
  }
}

function decodeBucket(windowStartUs: number, reader: ByteReader): FlowBucket {
  const kind = BUCKET_KINDS[reader.u8()];
  if (kind === undefined) throw reader.damage('has a bucket of an unknown kind');
  const addressType = reader.u8();
  const protocol = reader.bounded(0xffff_ffff, 'as a protocol');
  const port = reader.bounded(0xffff, 'as a port');
  const host = new Uint32Array(4);
  const peer = new Uint32Array(4);
  decodeAddress(reader, addressType, host, 0);
  if (kind === 'probe') decodeAddress(reader, addressType, peer, 0);
  const bucket = emptyBucket({ kind, protocol, addressType, host, peer, port, contactLimit: PANE_CONTACTS });
  for (const sum of SUMS) bucket[sum] = reader.varint();
  for (const pair of [bucket.packets, bucket.bytes]) {
    pair[0] = reader.varint();
    pair[1] = reader.varint();
  }
  bucket.firstUs = windowStartUs + reader.varint();
  bucket.lastUs = bucket.firstUs + reader.varint();
  bucket.contacts.merge(ThetaSet.decode(reader, PANE_CONTACTS));
  return bucket;
}
