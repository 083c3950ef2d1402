/**
 * The `endpoint` coding of a pair of address columns, four words per row. Nearly every row repeats the addresses of the
 * row it is predicted from, so both directions first find the few rows that do not, and only those are worked on.
 */
import { STRIDE } from './coding.ts';
import type { CodingScratch, ResidualSink, ResidualSource } from './coding.ts';
import { unzigzag, zigzag } from './coding-loops.ts';

const WORDS = 4;

/** Codes `first` and `second`, whose wire columns start at `firstPosition` and `secondPosition`. */
export function encodeAddresses(
  first: Uint32Array,
  second: Uint32Array,
  count: number,
  firstPosition: number,
  secondPosition: number,
  scratch: CodingScratch,
  sink: ResidualSink,
): void {
  const changes = findChanges(first, second, count, scratch);
  for (let word = 0; word < WORDS; word++) {
    encodeWord(first, second, word, count, changes, firstPosition + word, scratch, sink);
    encodeWord(second, first, word, count, changes, secondPosition + word, scratch, sink);
  }
}

/** Lists in scratch.rows the rows that differ from their prediction in any word, and returns how many they are. */
function findChanges(first: Uint32Array, second: Uint32Array, count: number, scratch: CodingScratch): number {
  const { endpointReference, rows } = scratch;
  let changes = 0;
  for (let row = 0; row < count; row++) {
    const reference = endpointReference[row]!;
    const at = WORDS * row;
    const from = WORDS * (reference - 1);
    if (
      reference === 0 ||
      reference >= STRIDE ||
      first[at + 3] !== first[from + 3] ||
      second[at + 3] !== second[from + 3] ||
      first[at + 2] !== first[from + 2] ||
      second[at + 2] !== second[from + 2] ||
      first[at + 1] !== first[from + 1] ||
      second[at + 1] !== second[from + 1] ||
      first[at] !== first[from] ||
      second[at] !== second[from]
    ) {
      rows[changes++] = row;
    }
  }
  return changes;
}

function encodeWord(
  own: Uint32Array,
  peer: Uint32Array,
  word: number,
  count: number,
  changes: number,
  position: number,
  scratch: CodingScratch,
  sink: ResidualSink,
): void {
  const { endpointReference, rows, residuals } = scratch;
  residuals.fill(0, 0, count);
  let union = 0;
  for (let index = 0; index < changes; index++) {
    const row = rows[index]!;
    const reference = endpointReference[row]!;
    const from = reference >= STRIDE ? peer : own;
    const at = WORDS * (reference >= STRIDE ? reference - STRIDE - 1 : reference - 1) + word;
    const residual = zigzag(own[WORDS * row + word]! - (reference === 0 ? 0 : from[at]!));
    residuals[row] = residual;
    union |= residual;
  }
  sink.put(position, residuals, union);
}

/** Reverses encodeAddresses. */
export function decodeAddresses(
  first: Uint32Array,
  second: Uint32Array,
  count: number,
  firstPosition: number,
  secondPosition: number,
  scratch: CodingScratch,
  source: ResidualSource,
): void {
  const { addressResiduals, changed } = scratch;
  changed.fill(0, 0, count);
  for (let word = 0; word < 2 * WORDS; word++) {
    const position = word < WORDS ? firstPosition + word : secondPosition + word - WORDS;
    const residuals = addressResiduals[word]!;
    if (!source.load(position, residuals)) residuals.fill(0, 0, count);
    else for (let row = 0; row < count; row++) changed[row]! |= residuals[row]!;
  }
  const { endpointReference } = scratch;
  for (let row = 0; row < count; row++) {
    const reference = endpointReference[row]!;
    if (reference > 0 && reference < STRIDE) {
      const at = WORDS * row;
      const from = WORDS * (reference - 1);
      first[at] = first[from]!;
      first[at + 1] = first[from + 1]!;
      first[at + 2] = first[from + 2]!;
      first[at + 3] = first[from + 3]!;
      second[at] = second[from]!;
      second[at + 1] = second[from + 1]!;
      second[at + 2] = second[from + 2]!;
      second[at + 3] = second[from + 3]!;
    } else copyRare(first, second, row, reference);
    if (changed[row] !== 0) addResiduals(first, second, row, addressResiduals);
  }
}

/** Predicts the addresses of a row that is the first of its direction: swapped, or nothing at all. */
function copyRare(first: Uint32Array, second: Uint32Array, row: number, reference: number): void {
  const from = WORDS * (reference - STRIDE - 1);
  for (let word = 0; word < WORDS; word++) {
    first[WORDS * row + word] = reference === 0 ? 0 : second[from + word]!;
    second[WORDS * row + word] = reference === 0 ? 0 : first[from + word]!;
  }
}

function addResiduals(first: Uint32Array, second: Uint32Array, row: number, residuals: readonly Int32Array[]): void {
  for (let word = 0; word < WORDS; word++) {
    const at = WORDS * row + word;
    first[at]! += unzigzag(residuals[word]![row]!);
    second[at]! += unzigzag(residuals[WORDS + word]![row]!);
  }
}
