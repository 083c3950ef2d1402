/** What a Kafka record of a sensor holds, as lines for people or one JSON object: batches, heartbeats, receipts, text. */
import { codecs } from '@tapline/adapters/codec/codecs';
import type { TailRecord } from '@tapline/adapters/kafka/tail';
import { PipelineError } from '@tapline/core/errors';
import { decodeControlMessage, type ControlMessage } from '@tapline/core/ledger/control-message';
import type { Heartbeat } from '@tapline/core/ledger/heartbeat';
import { allocateColumns, type PacketColumns } from '@tapline/core/packet/columns';
import { formatTime } from '@tapline/core/packet/time';
import { captureStartsAt, SNIFF_BYTES } from '@tapline/core/pcap/sniff';
import { packetLine } from '@tapline/core/report/packet-line';
import type { PacketLine } from '@tapline/core/report/snapshot';
import { decodeBatch, readBatchHeader } from '@tapline/core/wire/batch';
import { batchId, type BatchHeader } from '@tapline/core/wire/batch-header';
import { isBatch } from '@tapline/core/wire/header-codec';
import { formatBytes, formatCount, formatInstant } from './format.ts';

export type Content =
  | { readonly kind: 'batch'; readonly header: BatchHeader; readonly packets?: readonly PacketLine[] }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'receipt'; readonly entries: Extract<ControlMessage, { kind: 'receipt' }>['entries'] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'capture'; readonly format: 'pcap' | 'pcapng' }
  | { readonly kind: 'garbage'; readonly reason: string; readonly firstBytesHex: string };

const SHOWN_BYTES = 24;
let columns: PacketColumns | undefined;

/** Tells what a record is from its bytes; `withPackets` also decodes the packets of a batch. Never throws. */
export function contentOf(value: Uint8Array, withPackets: boolean): Content {
  try {
    if (isBatch(value)) return batchContent(value, withPackets);
    const text = textOf(value);
    if (text?.startsWith('{"tapline":') === true) return decodeControlMessage(text);
    if (text !== undefined) return { kind: 'text', text };
    const format = value.length >= 2 * SNIFF_BYTES ? captureStartsAt(value, 0) : undefined;
    if (format !== undefined) return { kind: 'capture', format };
    return garbage(value, value.length === 0 ? 'no bytes at all' : 'neither a batch, nor a heartbeat, nor text');
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return garbage(value, error.message);
  }
}

function batchContent(value: Uint8Array, withPackets: boolean): Content {
  if (!withPackets) return { kind: 'batch', header: readBatchHeader(value) };
  columns ??= allocateColumns();
  const header = decodeBatch(value, codecs, columns);
  const packets = Array.from({ length: header.count }, (_, row) => packetLine(columns!, row, header.session));
  return { kind: 'batch', header, packets };
}

/** Printable UTF-8, or undefined. */
function textOf(value: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value).replace(/[\r\n]+$/, '');
    return text !== '' && !/[^\P{Cc}\t\r\n]/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function garbage(value: Uint8Array, reason: string): Content {
  return { kind: 'garbage', reason, firstBytesHex: Buffer.from(value.subarray(0, SHOWN_BYTES)).toString('hex') };
}

/** One line, or with packets one and a line for each; every line ends with a newline. */
export function recordText(record: TailRecord, content: Content): string {
  const place = `${record.topic}${record.partition === 0 ? '' : `/${record.partition}`}@${record.offset}`;
  const size = formatBytes(record.value.length);
  switch (content.kind) {
    case 'batch':
      return `${place}  ${batchText(content.header)}  ${size}\n${(content.packets ?? []).map(packetText).join('')}`;
    case 'heartbeat':
      return `${place}  ${heartbeatText(content.heartbeat)}\n`;
    case 'receipt':
      return `${place}  receipt of ${content.entries.length} batches\n`;
    case 'text':
      return `${place}  ${content.text.replaceAll(/[\r\n]+/g, '\n    ')}\n`;
    case 'capture':
      return `${place}  ${content.format} bytes, ${size}\n`;
    case 'garbage':
      return `${place}  garbage, ${size}: ${content.reason}: ${content.firstBytesHex}\n`;
  }
}

/** One JSON object and a newline. */
export function recordJson(record: TailRecord, content: Content): string {
  const { topic, partition, offset, timeMs, value } = record;
  const { kind, ...rest } = content;
  return `${JSON.stringify({ topic, partition, offset, timeMs, bytes: value.length, kind, ...rest })}\n`;
}

function batchText(header: BatchHeader): string {
  const { count, malformed, wireBytes, minTimeUs, maxTimeUs } = header;
  const bad = malformed > 0 ? ` (${formatCount(malformed)} malformed)` : '';
  const times = `${formatTime(minTimeUs, 0)} to ${formatTime(maxTimeUs, 0)}`;
  return `batch ${batchId(header)}  ${formatCount(count)} packets${bad}  ${formatBytes(wireBytes)} on the wire  ${times}`;
}

function heartbeatText(heartbeat: Heartbeat): string {
  const { sensor, session, sequence, watermarkUs, lastBatch, counters, windows, cpuPercent, rssBytes } = heartbeat;
  const { lastPublished, spooled, final } = heartbeat;
  return [
    `heartbeat ${sensor}/${session}/${sequence}${final ? ' (the last)' : ''}`,
    `watermark ${watermarkUs === null ? 'none' : formatInstant(watermarkUs)}`,
    `batches to ${lastBatch}${lastPublished === undefined ? '' : `, acknowledged to ${lastPublished}`}`,
    ...(spooled === undefined ? [] : [`${formatCount(spooled)} spooled`]),
    `${formatCount(counters.sent)} of ${formatCount(counters.offered)} packets sent, ${formatCount(counters.kernelDropped)} dropped`,
    `${windows.length} windows`,
    `cpu ${cpuPercent} %`,
    formatBytes(rssBytes),
  ].join('  ');
}

/** Like tcpdump prints a packet: time, who to whom, and what the headers say. */
function packetText(line: PacketLine): string {
  const from = line.sourcePort === null ? line.source : `${line.source}.${line.sourcePort}`;
  const to = line.destinationPort === null ? line.destination : `${line.destination}.${line.destinationPort}`;
  const who = from === '' && to === '' ? '' : ` ${from} > ${to}`;
  const flags = line.flags === 'none' ? '' : `[${line.flags}]`;
  const quality = line.quality.length > 0 ? ` (${line.quality.join(', ')})` : '';
  const said = [flags, line.info, `length ${line.length}`].filter((part) => part !== '').join(', ');
  return `  ${line.number}  ${formatTime(line.timeUs, line.timeNs)} ${line.protocol}${who}: ${said}${quality}\n`;
}
