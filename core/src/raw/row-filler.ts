/** Hands out rows one after the other and passes them on whenever a batch is full. */
import { PipelineError } from '../errors.ts';
import { BATCH_CAPACITY, clearColumns } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { assignHashedFlow } from './hashed-flow.ts';

/** Rows of one block at most; the numbers of the next block begin behind them. */
export const ROWS_MAX = 2 ** 20;

export class RowFiller {
  readonly columns: PacketColumns;
  #firstNumber: number;
  readonly #take: (columns: PacketColumns) => void;
  #passedOn = 0;

  /**
   * @param columns working memory
   * @param firstNumber number of the first row
   * @param take called with 1 to BATCH_CAPACITY rows, which are valid only during the call
   */
  constructor(columns: PacketColumns, firstNumber: number, take: (columns: PacketColumns) => void) {
    this.columns = columns;
    this.#firstNumber = firstNumber;
    this.#take = take;
    clearColumns(columns, firstNumber);
  }

  /** Rows filled so far. */
  get rows(): number {
    return this.#passedOn + this.columns.count;
  }

  /** An empty row to fill; `done` must follow. Throws WIRE_FORMAT beyond ROWS_MAX rows. */
  next(): number {
    if (this.rows === ROWS_MAX) throw new PipelineError('WIRE_FORMAT', `more than ${ROWS_MAX} packets in one block`);
    if (this.columns.count === BATCH_CAPACITY) this.flush();
    return this.columns.count;
  }

  /** The row of the last `next` is complete but for its flow. */
  done(): void {
    assignHashedFlow(this.columns, this.columns.count);
    this.columns.count++;
  }

  /** Begins another block, after `flush`. */
  restart(firstNumber: number): void {
    this.#firstNumber = firstNumber;
    this.#passedOn = 0;
    clearColumns(this.columns, firstNumber);
  }

  /** Passes on what is left. */
  flush(): void {
    const { count } = this.columns;
    if (count === 0) return;
    this.#take(this.columns);
    this.#passedOn += count;
    clearColumns(this.columns, this.#firstNumber + this.#passedOn);
  }
}
