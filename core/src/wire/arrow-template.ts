/**
 * The Arrow IPC stream inside a batch: schema, one record batch, end of stream. Names, order and types of the columns
 * are the same in every batch except that each integer column is as wide as its largest value needs (8, 16 or 32 bits),
 * and that columns which are all zero share one run of zeros. So the metadata is a template made once at start-up, in
 * which a batch patches widths, offsets and lengths, and reading it back is a comparison with the same template.
 */
import { PipelineError } from '../errors.ts';
import { BATCH_CAPACITY } from '../packet/columns.ts';
import { END_OF_STREAM, recordBatchMessage, schemaMessage } from './arrow-message.ts';
import { unionOf } from './coding-loops.ts';
import type { Numbers, Words } from './coding-loops.ts';
import { WIRE_COLUMNS } from './wire-columns.ts';

/** Version of the whole batch format: header, Arrow schema and codings. */
export const FORMAT_VERSION = 2;

const SCHEMA = schemaMessage(
  WIRE_COLUMNS.map(({ name, bits }) => ({ name, type: { kind: 'int', bits, signed: false }, nullable: false })),
  {
    'tapline.version': String(FORMAT_VERSION),
    // One text instead of metadata per field: a small batch is mostly schema.
    'tapline.codings': WIRE_COLUMNS.map(({ coding }) => coding).join(','),
  },
);
const RECORD_BATCH = recordBatchMessage(WIRE_COLUMNS.length, 2 * WIRE_COLUMNS.length);

const BODY_START = SCHEMA.bytes.length + RECORD_BATCH.bytes.length;
const TEMPLATE = (() => {
  const bytes = new Uint8Array(BODY_START);
  bytes.set(SCHEMA.bytes);
  bytes.set(RECORD_BATCH.bytes, SCHEMA.bytes.length);
  return new Int32Array(bytes.buffer);
})();

/** Positions in the stream as indexes of 32-bit words; every patched place is at least 4-byte aligned. */
const WIDTH_WORD = WIRE_COLUMNS.map((_, index) => SCHEMA.marks.get(`bits:${index}`)! >>> 2);
const batchWord = (mark: string): number => (SCHEMA.bytes.length + RECORD_BATCH.marks.get(mark)!) >>> 2;
const ROWS_WORD = batchWord('rows');
const BODY_LENGTH_WORD = batchWord('bodyLength');
const NODES_WORD = batchWord('nodes');
const BUFFERS_WORD = batchWord('buffers');
/** A node and a buffer are two 64-bit numbers: four words. */
const PAIR_WORDS = 4;
/** Words of the data buffer of column k start here: its validity buffer, always empty, comes before it. */
const dataBufferWord = (column: number): number => BUFFERS_WORD + PAIR_WORDS * (2 * column + 1);

const aligned = (bytes: number): number => (bytes + 7) & ~7;

const ROW_BYTES = WIRE_COLUMNS.reduce((sum, { bits }) => sum + bits / 8, 0);
/** Largest stream a batch can have; also the bound on what a reader decompresses. */
export const STREAM_BYTES_MAX =
  BODY_START + BATCH_CAPACITY * (ROW_BYTES + 1) + 8 * (WIRE_COLUMNS.length + 1) + END_OF_STREAM.length;

/** Writes streams into one buffer of its own, column by column. */
export class StreamWriter {
  private readonly bytes = new Uint8Array(STREAM_BYTES_MAX);
  private readonly words = new Int32Array(this.bytes.buffer, 0, STREAM_BYTES_MAX >>> 2);
  private rows = 0;
  private bodyBytes = 0;

  constructor() {
    this.words.set(TEMPLATE);
  }

  /** Starts a stream of `rows` rows. */
  begin(rows: number): void {
    this.rows = rows;
    this.words[ROWS_WORD] = rows;
    const zeros = aligned(rows);
    this.bytes.fill(0, BODY_START, BODY_START + zeros);
    this.bodyBytes = zeros;
  }

  /** Column `column` holds `values[0 … rows)`, whose bitwise OR is `union`. */
  put(column: number, values: Words, union: number): void {
    const { rows } = this;
    const width = union === 0 ? 1 : widthOf(union);
    this.describe(column, union === 0 ? 0 : this.bodyBytes, width);
    if (union === 0) return;
    const start = BODY_START + this.bodyBytes;
    const end = start + rows * width;
    const source = values.subarray(0, rows);
    if (width === 1) this.bytes.set(source, start);
    else if (width === 2) new Uint16Array(this.bytes.buffer, start, rows).set(source);
    else new Uint32Array(this.bytes.buffer, start, rows).set(source);
    this.bytes.fill(0, end, aligned(end));
    this.bodyBytes = aligned(end) - BODY_START;
  }

  /** The stream; valid until the next begin(). */
  finish(): Uint8Array {
    this.words[BODY_LENGTH_WORD] = this.bodyBytes;
    const end = BODY_START + this.bodyBytes;
    this.bytes.set(END_OF_STREAM, end);
    return this.bytes.subarray(0, end + END_OF_STREAM.length);
  }

  private describe(column: number, offset: number, width: number): void {
    this.words[WIDTH_WORD[column]!] = width * 8;
    this.words[NODES_WORD + PAIR_WORDS * column] = this.rows;
    const buffer = dataBufferWord(column);
    this.words[buffer] = offset;
    this.words[buffer + 2] = this.rows * width;
  }
}

/** Reads one stream; everything is checked before a value is handed out. */
export class StreamReader {
  readonly rows: number;
  private readonly bytes: Uint8Array;
  private readonly offsets = new Int32Array(WIRE_COLUMNS.length);
  private readonly widths = new Uint8Array(WIRE_COLUMNS.length);

  /** Throws WIRE_CORRUPT when `stream` is not exactly what a StreamWriter of this version writes. */
  constructor(stream: Uint8Array) {
    // Typed-array views need alignment, which a slice of somebody's pool does not promise. (Not slice(): Buffer's shares.)
    this.bytes = stream.byteOffset % 8 === 0 ? stream : new Uint8Array(stream);
    const { bytes } = this;
    if (bytes.length < BODY_START + END_OF_STREAM.length) throw corrupt('the body is too short');
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, BODY_START >>> 2).slice();
    this.rows = words[ROWS_WORD]!;
    if (this.rows < 0 || this.rows > BATCH_CAPACITY) throw corrupt(`${this.rows} rows`);
    this.takeColumns(words, bytes.length - BODY_START - END_OF_STREAM.length);
    for (let word = 0; word < TEMPLATE.length; word++) {
      if (words[word] !== TEMPLATE[word]) throw corrupt('unexpected Arrow metadata');
    }
    for (let index = 0; index < aligned(this.rows); index++) {
      if (bytes[BODY_START + index] !== 0) throw corrupt('the run of zeros is not zero');
    }
  }

  /** Copies a column into `into`; false when it is all zero, and then nothing is copied. */
  load(column: number, into: Words): boolean {
    if (this.offsets[column] === 0) return false;
    into.set(this.view(column));
    return true;
  }

  /** Whether every row of a column after the first is zero. */
  isFirstOnly(column: number): boolean {
    if (this.offsets[column] === 0 || this.rows < 2) return true;
    const view = this.view(column);
    // A scan by words has to start on one: the elements before it are few enough to look at.
    const wordStart = Math.min(4 / view.BYTES_PER_ELEMENT, this.rows);
    for (let row = 1; row < wordStart; row++) if (view[row] !== 0) return false;
    return wordStart === this.rows || unionOf(view, wordStart, this.rows) === 0;
  }

  private view(column: number): Numbers {
    const { bytes, rows } = this;
    const start = bytes.byteOffset + BODY_START + this.offsets[column]!;
    const width = this.widths[column]!;
    if (width === 1) return new Uint8Array(bytes.buffer, start, rows);
    if (width === 2) return new Uint16Array(bytes.buffer, start, rows);
    return new Uint32Array(bytes.buffer, start, rows);
  }

  /** Notes widths and offsets, and puts the template's values in their place so that the rest can be compared. */
  private takeColumns(words: Int32Array, bodyBytes: number): void {
    take(words, ROWS_WORD, this.rows);
    take(words, BODY_LENGTH_WORD, bodyBytes);
    const zeros = aligned(this.rows);
    let used = zeros;
    WIRE_COLUMNS.forEach(({ bits }, column) => {
      const width = words[WIDTH_WORD[column]!]! / 8;
      if ((width !== 1 && width !== 2 && width !== 4) || width * 8 > bits) throw corrupt('a column of another width');
      const buffer = dataBufferWord(column);
      const offset = words[buffer]!;
      const columnBytes = aligned(this.rows * width);
      const placed = offset % 8 === 0 && offset >= zeros && offset + columnBytes <= bodyBytes;
      if (offset === 0 ? width !== 1 : !placed) throw corrupt('a column outside its place');
      if (offset !== 0) used += columnBytes;
      this.widths[column] = width;
      this.offsets[column] = offset;
      take(words, WIDTH_WORD[column]!, width * 8);
      take(words, buffer, offset);
      take(words, NODES_WORD + PAIR_WORDS * column, this.rows);
      take(words, buffer + 2, this.rows * width);
    });
    if (used !== bodyBytes) throw corrupt('the body is longer or shorter than its columns');
  }
}

/** Checks a patched word and restores the template's. */
function take(words: Int32Array, word: number, value: number): void {
  if (words[word] !== value) throw corrupt('unexpected Arrow metadata');
  words[word] = TEMPLATE[word]!;
}

const widthOf = (union: number): 1 | 2 | 4 => (union >>> 8 === 0 ? 1 : union >>> 16 === 0 ? 2 : 4);

const corrupt = (what: string): PipelineError => new PipelineError('WIRE_CORRUPT', `damaged batch: ${what}`);
