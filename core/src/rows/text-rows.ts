/**
 * Rows as lines of text, written as bytes: one loop for every dialect. The numbers of a batch are first widened into one
 * block, so that the loop over fields reads one kind of array.
 */
import { BATCH_CAPACITY } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { ROW_FIELDS } from './row-fields.ts';
import type { RowField } from './row-fields.ts';
import { RowTexts } from './row-texts.ts';
import { asciiBytes, putDigits, putInteger, putText } from './ascii.ts';
import type { RowWriter } from './row-writer.ts';

export interface Dialect {
  readonly head: string;
  /** What stands before the value of a field: separators, and its name where rows carry names. */
  readonly before: (field: RowField, index: number) => string;
  /** Text as it stands in the output, quotes and escapes included. */
  readonly quote: (text: string) => string;
  readonly absent: string;
  readonly lineEnd: string;
}

/** Longest value there is: a time with a six-digit year and quotes, or a quoted IPv6 address. */
const VALUE_BYTES_MAX = 64;
const US_PER_SECOND = 1_000_000;

export class TextRows implements RowWriter {
  readonly #dialect: Dialect;
  readonly #before: readonly Uint8Array[];
  /** What stands before a field together with the mark of an absent value: most values of most packets. */
  readonly #absent: readonly Uint8Array[];
  readonly #missing: Uint8Array;
  readonly #lineEnd: Uint8Array;
  readonly #quote: Uint8Array;
  readonly #texts: RowTexts;
  readonly #rowBytesMax: number;
  readonly #values = new Uint32Array(ROW_FIELDS.length * BATCH_CAPACITY);
  #bytes = new Uint8Array(1 << 20);

  constructor(dialect: Dialect) {
    const before = ROW_FIELDS.map(dialect.before);
    this.#dialect = dialect;
    this.#before = before.map(asciiBytes);
    this.#absent = before.map((text) => asciiBytes(text + dialect.absent));
    this.#missing = asciiBytes(dialect.absent);
    this.#lineEnd = asciiBytes(dialect.lineEnd);
    // A time needs quotes in a dialect exactly if any text does, and never escapes.
    this.#quote = asciiBytes(dialect.quote('').slice(0, 1));
    this.#texts = new RowTexts((text) => asciiBytes(dialect.quote(text)));
    this.#rowBytesMax = before.join('').length + ROW_FIELDS.length * VALUE_BYTES_MAX;
  }

  head(): Uint8Array {
    return asciiBytes(this.#dialect.head);
  }

  rows(columns: PacketColumns, from = 0, to = columns.count): Uint8Array {
    ROW_FIELDS.forEach(({ kind, column }, index) => {
      if (kind === 'integer') this.#values.set(columns[column!].subarray(0, to), index * BATCH_CAPACITY);
    });
    let at = 0;
    for (let row = from; row < to; row++) {
      this.#reserve(at);
      at = this.#row(columns, row, this.#bytes, at);
    }
    return this.#bytes.slice(0, at);
  }

  end(): Uint8Array {
    return new Uint8Array(0);
  }

  #row(columns: PacketColumns, row: number, bytes: Uint8Array, start: number): number {
    const layers = columns.layers[row]!;
    const values = this.#values;
    let at = start;
    for (let index = 0; index < ROW_FIELDS.length; index++) {
      const field = ROW_FIELDS[index]!;
      if (field.needs !== 0 && (layers & field.needs) === 0) {
        at = putText(bytes, at, this.#absent[index]!);
        continue;
      }
      at = putText(bytes, at, this.#before[index]!);
      if (field.kind === 'integer') at = putInteger(bytes, at, values[index * BATCH_CAPACITY + row]!);
      else at = this.#text(field, columns, row, bytes, at);
    }
    return putText(bytes, at, this.#lineEnd);
  }

  #text(field: RowField, columns: PacketColumns, row: number, bytes: Uint8Array, at: number): number {
    const texts = this.#texts;
    switch (field.kind) {
      case 'address': {
        const outer = field.column === 'outerSource' || field.column === 'outerDestination';
        const type = outer ? columns.outerAddressType[row]! : columns.addressType[row]!;
        return putText(bytes, at, texts.address(columns[field.column as 'source'], row, type) ?? this.#missing);
      }
      case 'mac':
        return putText(bytes, at, texts.mac(columns, row) ?? this.#missing);
      case 'protocol':
        return putText(bytes, at, texts.protocol(columns, row));
      case 'flags':
        return putText(bytes, at, texts.flags(columns.tcpFlags[row]!));
      case 'time':
        return this.#time(columns.timeUs[row]!, columns.timeNs[row]!, bytes, at);
      case 'number':
      case 'integer':
        return putInteger(bytes, at, columns.firstNumber + row);
    }
  }

  #time(timeUs: number, timeNs: number, bytes: Uint8Array, start: number): number {
    let at = putText(bytes, start, this.#quote);
    at = putText(bytes, at, this.#texts.second(timeUs));
    bytes[at++] = 0x2e;
    at = putDigits(bytes, at, timeUs - Math.floor(timeUs / US_PER_SECOND) * US_PER_SECOND, 6);
    at = putDigits(bytes, at, timeNs, 3);
    bytes[at++] = 0x5a;
    return putText(bytes, at, this.#quote);
  }

  #reserve(at: number): void {
    if (at + this.#rowBytesMax <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
