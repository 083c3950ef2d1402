/** A hash over packet rows that does not depend on how they were cut into batches: every column is hashed by itself. */
import { COLUMNS, type ColumnName, type PacketColumns } from '../packet/columns.ts';
import type { HashSink } from '../ports.ts';

/** Elements of one row of an address column. */
const ADDRESS_WORDS = 4;

export class RowsHash {
  readonly #runs: HashSink;
  readonly #columns: ReadonlyMap<ColumnName, HashSink>;
  /** Number of the row that follows the last one. */
  #next = NaN;

  /** @param newHash a new SHA-256 */
  constructor(newHash: () => HashSink) {
    this.#runs = newHash();
    this.#columns = new Map(COLUMNS.map(({ name }) => [name, newHash()]));
  }

  /** Takes the first `count` rows, later than all before. Their bytes are as the machine has them: little-endian. */
  add(columns: PacketColumns): void {
    const { count, firstNumber } = columns;
    if (firstNumber !== this.#next) this.#runs.update(`from ${firstNumber} after ${this.#next}\n`);
    this.#next = firstNumber + count;
    for (const { name, type } of COLUMNS) {
      const { buffer, byteOffset, BYTES_PER_ELEMENT } = columns[name];
      const bytes = count * BYTES_PER_ELEMENT * (type === 'address' ? ADDRESS_WORDS : 1);
      this.#columns.get(name)!.update(new Uint8Array(buffer, byteOffset, bytes));
    }
  }

  /** Rows that are known of, and cannot be read. */
  addUnreadable(firstNumber: number, count: number): void {
    this.#runs.update(`unreadable ${firstNumber} to ${firstNumber + count}\n`);
    this.#next = firstNumber + count;
  }

  /** One text for everything taken; nothing may be added after it. */
  text(): string {
    const columns = [...this.#columns].map(([name, hash]) => `${name} ${hash.hex()}`);
    return [`${this.#runs.hex()} to ${this.#next}`, ...columns].join('\n');
  }
}
