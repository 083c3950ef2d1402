/** Reads what a source yields, be it one capture or a set of them: the frames of a set go into one sink, one after the other. */
import { PipelineError } from '../errors.ts';
import { CaptureReader } from './capture-reader.ts';
import type { CapturePiece } from './capture-source.ts';
import type { FrameSink } from './frame-sink.ts';
import type { TextOptions } from '../text/text-reader.ts';

/** Faults that are kept word for word; a set that is followed for weeks may have any number. */
const FAULTS_KEPT = 5;

export class CaptureSetReader {
  readonly #sink: FrameSink;
  readonly #onFault: (fault: PipelineError) => void;
  readonly #text: TextOptions | undefined;
  #reader: CaptureReader;
  /** Name of the capture of a set that is being read; undefined between them, and where there is no set. */
  #name: string | undefined;
  #isSet = false;
  #damaged = false;
  #captures = 0;
  #faultCount = 0;
  readonly #faults: PipelineError[] = [];

  /**
   * @param onFault told at once of each capture of a set that could not be read to its end
   * @param text as CaptureReader has it
   */
  constructor(sink: FrameSink, onFault: (fault: PipelineError) => void = () => undefined, text?: TextOptions) {
    this.#sink = sink;
    this.#onFault = onFault;
    this.#text = text;
    this.#reader = new CaptureReader(sink, text);
  }

  /** What was wrong with captures of a set so far, as one error; undefined when nothing was. */
  get fault(): PipelineError | undefined {
    const first = this.#faults[0];
    if (first === undefined || this.#faultCount === 1) return first;
    const said = this.#faults.map(({ message }) => message).join('; ');
    const more = this.#faultCount > this.#faults.length ? '; …' : '';
    const counts = `${this.#faultCount} of ${this.#captures} captures were not read to their end`;
    return new PipelineError(first.code, `${counts}: ${said}${more}`, { cause: first });
  }

  /**
   * Takes a chunk or a mark. Throws the fault of a capture that is no part of a set; in a set the rest of the damaged
   * capture is passed over, and the next one is read.
   */
  feed(piece: CapturePiece): void {
    if (piece instanceof Uint8Array) {
      if (!this.#isSet) this.#reader.feed(piece);
      else {
        this.#guarded(() => {
          this.#reader.feed(piece);
        });
      }
    } else if (piece.kind === 'begin') {
      this.#isSet = true;
      this.#name = piece.name;
      this.#captures += 1;
      this.#damaged = false;
      this.#reader = new CaptureReader(this.#sink, this.#text);
    } else {
      this.#guarded(() => {
        if (piece.fault !== undefined) throw piece.fault;
        this.#reader.end();
      });
      this.#name = undefined;
    }
  }

  /** Says that no more comes. Throws when the only capture is unfinished; what a set lacks is in `fault`. */
  end(): void {
    if (!this.#isSet) this.#reader.end();
  }

  #guarded(read: () => void): void {
    if (this.#damaged) return;
    try {
      read();
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#damaged = true;
      this.#faultCount += 1;
      const fault = new PipelineError(error.code, `${this.#name}: ${error.message}`, { cause: error });
      if (this.#faults.length < FAULTS_KEPT) this.#faults.push(fault);
      this.#onFault(fault);
    }
  }
}
