/**
 * Rows as an Arrow IPC stream with plain columns: text, UTC nanoseconds, and signed integers wide enough for the
 * unsigned values (some readers know no unsigned ones), null where a packet has none. One record batch per call.
 */
import type { PacketColumns } from '../packet/columns.ts';
import { END_OF_STREAM, recordBatchMessage, schemaMessage } from '../wire/arrow-message.ts';
import type { ArrowType, MessageTemplate } from '../wire/arrow-message.ts';
import { ROW_FIELDS } from './row-fields.ts';
import type { RowField } from './row-fields.ts';
import { RowTexts } from './row-texts.ts';
import { asciiBytes } from './ascii.ts';
import type { RowWriter } from './row-writer.ts';

const SIGNED_BITS = { u8: 16, u16: 32, u32: 64, f64: 64, address: 64 } as const;

function arrowType({ kind, type }: RowField): ArrowType {
  if (kind === 'time') return { kind: 'timestampNs' };
  if (kind === 'integer' || kind === 'number') return { kind: 'int', bits: SIGNED_BITS[type], signed: true };
  return { kind: 'utf8' };
}

const FIELDS = ROW_FIELDS.map((field) => ({ ...field, arrow: arrowType(field), nullable: field.needs !== 0 }));
const BUFFERS = FIELDS.reduce((sum, { arrow }) => sum + (arrow.kind === 'utf8' ? 3 : 2), 0);
/** Bytes a row takes at most: eight per number, a text of at most 45 characters and its offset, a validity bit. */
const ROW_BYTES_MAX = FIELDS.reduce((sum, { arrow }) => sum + (arrow.kind === 'utf8' ? 52 : 9), 0);
const SLACK_BYTES = 32 * BUFFERS;

const aligned = (bytes: number): number => (bytes + 7) & ~7;

export const arrowRows = (): RowWriter => new ArrowRows();

class ArrowRows implements RowWriter {
  readonly #texts = new RowTexts(asciiBytes);
  readonly #template = recordBatchMessage(FIELDS.length, BUFFERS);
  #body = new Uint8Array(0);
  #view = new DataView(this.#body.buffer);
  /** Where the next buffer of the body starts. */
  #at = 0;
  /** Offset and length of every buffer, and rows and null count of every column, in the order of the message. */
  readonly #buffers: number[] = [];
  readonly #nodes: number[] = [];

  head(): Uint8Array {
    const fields = FIELDS.map(({ name, arrow, nullable }) => ({ name, type: arrow, nullable }));
    return schemaMessage(fields, { 'tapline.rows': '1' }).bytes.slice();
  }

  rows(columns: PacketColumns, from = 0, to = columns.count): Uint8Array {
    this.#begin(to - from);
    for (const field of FIELDS) {
      const nulls = this.#validity(field, columns, from, to);
      this.#nodes.push(to - from, nulls);
      if (field.arrow.kind === 'utf8') this.#text(field, columns, from, to);
      else if (field.kind === 'time') this.#time(columns, from, to);
      else if (field.kind === 'number') this.#numbers(columns.firstNumber, from, to);
      else this.#integers(columns, field, from, to);
    }
    return this.#finish(to - from);
  }

  end(): Uint8Array {
    return END_OF_STREAM.slice();
  }

  #begin(rows: number): void {
    const needed = rows * ROW_BYTES_MAX + SLACK_BYTES;
    if (this.#body.length < needed) {
      this.#body = new Uint8Array(aligned(needed));
      this.#view = new DataView(this.#body.buffer);
    } else this.#body.fill(0);
    this.#at = 0;
    this.#buffers.length = 0;
    this.#nodes.length = 0;
  }

  #buffer(bytes: number): void {
    this.#buffers.push(this.#at, bytes);
    this.#at += aligned(bytes);
  }

  /** Writes the bitmap of present values and returns how many are absent. Columns that have every value go without. */
  #validity(field: RowField, { layers }: PacketColumns, from: number, to: number): number {
    const { needs } = field;
    if (needs === 0) {
      this.#buffer(0);
      return 0;
    }
    let absent = 0;
    for (let row = from; row < to; row++) {
      const bit = row - from;
      if ((layers[row]! & needs) === 0) absent++;
      else this.#body[this.#at + (bit >> 3)]! |= 1 << (bit & 7);
    }
    this.#buffer((to - from + 7) >> 3);
    return absent;
  }

  #text(field: RowField, columns: PacketColumns, from: number, to: number): void {
    const offsets = this.#at;
    this.#buffer(4 * (to - from + 1));
    let length = 0;
    for (let row = from; row < to; row++) {
      const absent = field.needs !== 0 && (columns.layers[row]! & field.needs) === 0;
      const text = absent ? undefined : this.#textOf(field, columns, row);
      if (text !== undefined) {
        this.#body.set(text, this.#at + length);
        length += text.length;
      }
      this.#view.setUint32(offsets + 4 * (row - from + 1), length, true);
    }
    this.#buffer(length);
  }

  #textOf({ kind, column }: RowField, columns: PacketColumns, row: number): Uint8Array | undefined {
    if (kind === 'flags') return this.#texts.flags(columns.tcpFlags[row]!);
    if (kind === 'mac') return this.#texts.mac(columns, row);
    if (kind === 'protocol') return this.#texts.protocol(columns, row);
    const outer = column === 'outerSource' || column === 'outerDestination';
    const type = outer ? columns.outerAddressType[row]! : columns.addressType[row]!;
    return this.#texts.address(columns[column as 'source'], row, type);
  }

  /** timeUs * 1000 + timeNs in 64 bits: beyond what a double keeps exactly, so in two halves. */
  #time({ timeUs, timeNs }: PacketColumns, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      const low = (timeUs[row]! >>> 0) * 1000 + timeNs[row]!;
      const high = Math.floor(timeUs[row]! / 0x1_0000_0000) * 1000 + Math.floor(low / 0x1_0000_0000);
      const at = this.#at + 8 * (row - from);
      this.#view.setUint32(at, low >>> 0, true);
      this.#view.setInt32(at + 4, high | 0, true);
    }
    this.#buffer(8 * (to - from));
  }

  #numbers(firstNumber: number, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      const at = this.#at + 8 * (row - from);
      this.#view.setUint32(at, (firstNumber + row) >>> 0, true);
      this.#view.setUint32(at + 4, Math.floor((firstNumber + row) / 0x1_0000_0000), true);
    }
    this.#buffer(8 * (to - from));
  }

  #integers(columns: PacketColumns, field: RowField, from: number, to: number): void {
    const source = columns[field.column!].subarray(from, to);
    const rows = to - from;
    const start = this.#at;
    const bits = SIGNED_BITS[field.type];
    if (bits === 16) new Int16Array(this.#body.buffer, start, rows).set(source);
    else if (bits === 32) new Int32Array(this.#body.buffer, start, rows).set(source);
    else for (let row = 0; row < rows; row++) this.#view.setUint32(start + 8 * row, source[row]!, true);
    this.#buffer((rows * bits) / 8);
  }

  #finish(rows: number): Uint8Array {
    const { bytes: template } = this.#template;
    const message = new Uint8Array(template.length + this.#at);
    message.set(template);
    message.set(this.#body.subarray(0, this.#at), template.length);
    const view = new DataView(message.buffer);
    view.setUint32(markOf(this.#template, 'rows'), rows, true);
    view.setUint32(markOf(this.#template, 'bodyLength'), this.#at, true);
    this.#nodes.forEach((value, index) => {
      view.setUint32(markOf(this.#template, 'nodes') + 8 * index, value, true);
    });
    this.#buffers.forEach((value, index) => {
      view.setUint32(markOf(this.#template, 'buffers') + 8 * index, value, true);
    });
    return message;
  }
}

const markOf = ({ marks }: MessageTemplate, mark: string): number => marks.get(mark)!;
