/** The label table beside a generated capture: one row per attack, in the columns of the shared captures' LABELS.tsv. */
import type { GeneratorResult } from './generator.ts';
import { passUs } from './repeat-capture.ts';

export const LABEL_COLUMNS = [
  'path',
  'set',
  'class',
  'attack_packets_display_filter',
  'attacker',
  'victim',
  'label_source',
  'confidence',
  'note',
  'attack_packets',
  'from_s',
  'to_s',
  'attack_windows_10s',
  'attack_windows_1s',
] as const;

/** The table as text. Seconds count from the capture's first packet; a repeated capture has one row per attack and pass. */
export function labelTable(
  path: string,
  result: GeneratorResult,
  profile: string,
  seed: number,
  repeat: number,
): string {
  const source = `generator, profile ${profile}, seed ${seed}`;
  const rows: (readonly (string | number)[])[] = [LABEL_COLUMNS];
  const step = passUs(result.firstUs, result.lastUs);
  for (let pass = 0; pass < repeat; pass++) {
    for (const attack of result.attacks) {
      const from = (attack.firstUs - result.firstUs + pass * step) / 1e6;
      const to = (attack.lastUs - result.firstUs + pass * step) / 1e6;
      const note = repeat === 1 ? '' : `pass ${pass + 1} of ${repeat}`;
      const what = [attack.attackClass, attack.filter, attack.attacker, attack.victim, source, 'exact', note];
      const windows = [attack.windows10s, attack.windows1s];
      rows.push([path, 'generated', ...what, attack.attackPackets, from.toFixed(6), to.toFixed(6), ...windows]);
    }
  }
  return rows.map((row) => `${row.join('\t')}\n`).join('');
}
