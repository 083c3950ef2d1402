/**
 * Label tables: tab-separated, with a head, one attack (or one benign capture) per line. Needed columns: `path`, `class`.
 * docs/eval.md describes all of them.
 */
import { DETECTORS, type DetectorName } from '../detect/alert.ts';
import { PipelineError } from '../errors.ts';
import { ATTACK_CLASSES } from './attack-classes.ts';
import { displayFilter, type RowTest } from './display-filter.ts';
import { parseHosts, type HostRange } from '../packet/host-range.ts';

/** What a label says of its packets: an attack, or something that is neither attack nor benign. */
export type Treatment = 'attack' | 'ignore' | 'benign';

export interface Label {
  /** In the table, from 1. */
  readonly line: number;
  /** The capture, relative to the folder. */
  readonly path: string;
  readonly treatment: Treatment;
  readonly className: string;
  /** What the attack is called, where the class is not enough. */
  readonly name: string;
  readonly accepted: readonly DetectorName[];
  readonly optional: boolean;
  readonly windowPackets: number;
  /**
   * Selects exactly the attack's packets, from the label's Wireshark display filter; undefined when there is none, or one
   * that columns cannot answer and an interval that stands in.
   */
  readonly selects: RowTest | undefined;
  readonly attackers: readonly HostRange[];
  readonly victims: readonly HostRange[];
  /** Seconds, since the capture's first packet or since 1970. */
  readonly fromS: number | undefined;
  readonly toS: number | undefined;
  readonly sinceEpoch: boolean;
  /** How many packets the filter selects, to be held against what it does select. */
  readonly attackPackets: number | undefined;
  readonly confidence: string;
  readonly note: string;
}

class LabelTable {
  readonly #names: readonly string[];

  constructor(head: string) {
    this.#names = head.split('\t').map((name) => name.trim());
    for (const needed of ['path', 'class']) {
      if (!this.#names.includes(needed))
        throw problem(1, `no column "${needed}" in the head (columns are separated by tabs)`);
    }
  }

  /** The label of one line; a USAGE error that names the line when it is none. */
  label(text: string, line: number): Label {
    const cells = text.split('\t');
    if (cells.length > this.#names.length) {
      throw problem(line, `${cells.length} columns, but the head has ${this.#names.length}`);
    }
    const cell = (name: string): string => cells[this.#names.indexOf(name)]?.trim() ?? '';
    const className = cell('class');
    const path = cell('path');
    if (path === '' || className === '') throw problem(line, 'path and class must be given');
    const treatment = treatmentOf(className, cell('treatment'), line);
    const known = treatment === 'attack' ? ATTACK_CLASSES[className] : undefined;
    const accepted = detectorsOf(cell('accepted'), line) ?? known?.accepted;
    if (treatment === 'attack' && accepted === undefined) {
      const classes = Object.keys(ATTACK_CLASSES).join(', ');
      throw problem(
        line,
        `the class ${className} is not one of ${classes}: say in a column "accepted" which detectors name it`,
      );
    }
    const sinceEpoch = cell('from_epoch_s') !== '';
    const fromS = numberOf(cell(sinceEpoch ? 'from_epoch_s' : 'from_s'), line);
    const toS = numberOf(cell(sinceEpoch ? 'to_epoch_s' : 'to_s'), line);
    if (fromS !== undefined && toS !== undefined && toS < fromS) throw problem(line, 'it ends before it begins');
    return {
      line,
      path,
      treatment,
      className,
      name: cell('name') || className,
      accepted: accepted ?? [],
      optional: known?.optional ?? false,
      windowPackets: known?.windowPackets ?? 1,
      selects: selectionOf(cell('attack_packets_display_filter'), fromS !== undefined && toS !== undefined, line),
      attackers: parseHosts(cell('attacker')),
      victims: parseHosts(cell('victim')),
      fromS,
      toS,
      sinceEpoch,
      attackPackets: numberOf(cell('attack_packets'), line),
      confidence: cell('confidence'),
      note: cell('note'),
    };
  }
}

/**
 * The labels of a table; empty lines and lines that start with # are passed over.
 * @throws PipelineError USAGE that names the line
 */
export function parseLabels(text: string): Label[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const head = lines.findIndex((line) => !isEmpty(line));
  if (head < 0) throw problem(1, 'the label table is empty');
  const table = new LabelTable(lines[head]!);
  const labels: Label[] = [];
  const benign = new Map<string, boolean>();
  for (let index = head + 1; index < lines.length; index++) {
    if (isEmpty(lines[index]!)) continue;
    const label = table.label(lines[index]!, index + 1);
    const isBenign = label.treatment === 'benign';
    if ((benign.get(label.path) ?? isBenign) !== isBenign) {
      throw problem(label.line, `${label.path} is labelled both benign and attacked`);
    }
    benign.set(label.path, isBenign);
    labels.push(label);
  }
  if (labels.length === 0) throw problem(head + 1, 'the label table has a head and no labels');
  return labels;
}

function isEmpty(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

function treatmentOf(className: string, cell: string, line: number): Treatment {
  const said = cell === '' ? (className === 'benign' ? 'benign' : 'attack') : cell;
  if (said === 'attack' || said === 'ignore' || said === 'benign') return said;
  throw problem(line, `treatment ${said} is not one of attack, ignore, benign`);
}

function selectionOf(filter: string, hasInterval: boolean, line: number): RowTest | undefined {
  if (filter === '') return undefined;
  try {
    return displayFilter(filter);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    if (hasInterval) return undefined;
    throw problem(line, `${error.message}, and there is no interval (from_s, to_s) that could stand in`);
  }
}

function detectorsOf(cell: string, line: number): DetectorName[] | undefined {
  if (cell === '') return undefined;
  return cell.split(/[\s,;]+/).map((name) => {
    const known = DETECTORS.find((one) => one === name);
    if (known === undefined) throw problem(line, `${name} is not a detector: ${DETECTORS.join(', ')}`);
    return known;
  });
}

function numberOf(cell: string, line: number): number | undefined {
  if (cell === '') return undefined;
  const value = Number(cell);
  if (!Number.isFinite(value)) throw problem(line, `${cell} is not a number`);
  return value;
}

function problem(line: number, what: string): PipelineError {
  return new PipelineError('USAGE', `line ${line}: ${what}`);
}
