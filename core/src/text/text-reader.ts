/**
 * Reads the text of tcpdump or tshark where a capture is expected: tells which it is from the first lines, cuts the stream in
 * front of packets, and hands on rows. A packet is read when the next one begins, since its text may have many lines.
 */
import { PipelineError } from '../errors.ts';
import { allocateColumns, type PacketColumns } from '../packet/columns.ts';
import type { CaptureParser } from '../pcap/frame-sink.ts';
import { RowFiller } from '../raw/row-filler.ts';
import { NEWLINE, standsAt, word } from './byte-text.ts';
import { cells, fieldColumns, isHeader } from './field-names.ts';
import { FieldRows } from './field-rows.ts';
import { startsRecordAt } from './record-start.ts';
import { tcpdumpRows } from './tcpdump-rows.ts';
import { tsharkRows } from './tshark-rows.ts';

export type TextKind = 'tcpdump' | 'tshark' | 'fields';

/** What text is read with, and into. */
export interface TextOptions {
  /** Gets up to BATCH_CAPACITY rows, valid only during the call. */
  readonly rows: (columns: PacketColumns) => void;
  /** When text arrives, microseconds since 1970: the day, or the time, where it has none. */
  readonly arrivalUs: () => number;
  /** Names of the columns of `tshark -T fields` without a header line. */
  readonly fields?: readonly string[];
}

/** Bytes in which there must be a line that tells, and bytes that the text of one packet may have. */
const TELLING_BYTES = 65_536;
const RECORD_BYTES_MAX = 16 * 2 ** 20;
const LINES_MOST = 20;
const LAYERS = word('"layers"');
const TIMELESS = ['IP ', 'IP6 ', 'IP6, ', 'ARP, '].map(word);
const TAB = 0x09;

/** Whether bytes can be the beginning of text. */
export function looksLikeText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= TAB && byte <= 0x0d));
}

export class TextReader implements CaptureParser {
  packets = 0;
  readonly #options: TextOptions;
  readonly #unknown: () => PipelineError;
  readonly #filler: RowFiller;
  #kind: TextKind | undefined;
  #fields: FieldRows | undefined;
  /** The end of what came, in which a packet may be unfinished. */
  #rest: Uint8Array = new Uint8Array(0);

  /** @param unknown makes the fault of what is no such text */
  constructor(options: TextOptions, unknown: () => PipelineError) {
    this.#options = options;
    this.#unknown = unknown;
    this.#filler = new RowFiller(allocateColumns(), 1, options.rows);
    if (options.fields !== undefined) this.#useFields(options.fields);
  }

  feed(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    this.#rest = bytes;
    if (this.#kind === undefined && !this.#recognise(false)) return;
    this.#take(this.#cut());
    if (this.#rest.length > RECORD_BYTES_MAX) {
      throw new PipelineError('CAPTURE_FORMAT', `unreadable text: no packet ends within ${RECORD_BYTES_MAX} bytes`);
    }
  }

  end(): void {
    if (this.#kind === undefined) this.#recognise(true);
    this.#take(this.#rest.length);
  }

  /** Hands on the rows of the first `length` bytes of the rest. */
  #take(length: number): void {
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.slice(length);
    if (bytes.length === 0) return;
    const before = this.#filler.rows;
    const arrivalUs = this.#options.arrivalUs();
    if (this.#kind === 'fields') this.#fields!.rows(bytes, arrivalUs, this.#filler);
    else (this.#kind === 'tshark' ? tsharkRows : tcpdumpRows)(bytes, arrivalUs, this.#filler);
    this.packets += this.#filler.rows - before;
    this.#filler.flush();
    this.#filler.restart(this.packets + 1);
  }

  /** Where the last packet begins, or for fields the last line ends. */
  #cut(): number {
    const bytes = this.#rest;
    let end = bytes.length;
    for (;;) {
      const before = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end - 1);
      if (this.#kind === 'fields') return before + 1;
      if (before < 0) return 0;
      const found = bytes.indexOf(NEWLINE, before + 1);
      if (found >= 0 && startsRecordAt(bytes, before + 1, found)) return before + 1;
      end = before;
    }
  }

  /** Tells what the text is, once its first lines are there. */
  #recognise(isEnd: boolean): boolean {
    const bytes = this.#rest;
    const isDue = isEnd || bytes.length >= TELLING_BYTES;
    let at = 0;
    for (let lines = 0; lines < LINES_MOST && at < bytes.length; lines++) {
      const found = bytes.indexOf(NEWLINE, at);
      if (found < 0 && !isDue) return false;
      const to = found < 0 ? bytes.length : found;
      const first = bytes[at];
      if (first === 0x7b || first === 0x5b) return this.#recogniseJson(isDue);
      if (startsRecordAt(bytes, at, to)) return this.#is('tcpdump');
      if (TIMELESS.some((start) => standsAt(bytes, at, to, start))) {
        throw new PipelineError(
          'CAPTURE_FORMAT',
          'unreadable text: tcpdump -t prints no times, leave -t away (or use -tt)',
        );
      }
      const line = String.fromCharCode(...bytes.subarray(at, Math.min(to, at + 4096))).trimEnd();
      if (isHeader(line)) {
        this.#useFields(cells(line));
        this.#rest = bytes.slice(Math.min(bytes.length, to + 1));
        return true;
      }
      if (line.includes('\t') && !line.startsWith('\t')) {
        throw new PipelineError(
          'CAPTURE_FORMAT',
          'unreadable text: lines of tshark -T fields do not say what their fields are: add -E header=y, or name them with --fields',
        );
      }
      at = to + 1;
    }
    if (isDue || at < bytes.length) throw this.#unknown();
    return false;
  }

  #recogniseJson(isDue: boolean): boolean {
    const text = this.#rest;
    for (let at = text.indexOf(LAYERS[0]!); at >= 0; at = text.indexOf(LAYERS[0]!, at + 1)) {
      if (standsAt(text, at, text.length, LAYERS)) return this.#is('tshark');
    }
    if (!isDue) return false;
    throw new PipelineError('CAPTURE_FORMAT', 'unreadable text: JSON that is not of tshark -T json or -T ek');
  }

  #is(kind: TextKind): true {
    this.#kind = kind;
    return true;
  }

  #useFields(names: readonly string[]): void {
    this.#kind = 'fields';
    this.#fields = new FieldRows(fieldColumns(names));
  }
}
