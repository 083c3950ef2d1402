/** The columns of `tshark -T fields`: what the header line of `-E header=y`, or the user, says they are. */
import { PipelineError } from '../errors.ts';
import { fieldId, LAYER_NAMES, type LayerName } from './tshark-packet.ts';

export interface FieldColumn {
  readonly name: string;
  /** As TsharkPacket has it; -1 = a field that no column of ours is made of. */
  readonly id: number;
  /** Number of its layer in LAYER_NAMES, -1 with `id`. */
  readonly layer: number;
}

const NAME = /^[a-z_][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/i;

/** Whether a line can be the header: tab-separated names of fields, of which at least one matters. */
export function isHeader(line: string): boolean {
  const names = cells(line);
  return names.every((name) => NAME.test(name)) && names.some((name) => fieldId(name) !== undefined);
}

/** Names of a header line. */
export function cells(line: string): string[] {
  return line.split('\t').map((cell) => cell.trim().replace(/^(["'])(.*)\1$/, '$2'));
}

/** @throws PipelineError USAGE when none of the names is of use, or one is no name */
export function fieldColumns(names: readonly string[]): FieldColumn[] {
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) throw new PipelineError('USAGE', `--fields: ${JSON.stringify(wrong)} is no name of a field`);
  const columns = names.map((name) => {
    const id = fieldId(name) ?? -1;
    // ipv6.fraghdr.nxt belongs to ipv6.
    const layer = id < 0 ? -1 : LAYER_NAMES.indexOf(name.split('.')[0] as LayerName);
    return { name, id, layer };
  });
  if (columns.some(({ id }) => id >= 0)) return columns;
  throw new PipelineError('USAGE', `--fields: none of ${names.join(', ')} is a field that rows are made of`);
}
