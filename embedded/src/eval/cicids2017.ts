/** The five days of CICIDS2017: which file is which, and the three tables of what happened on them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tapline/core/errors';
import type { Label } from '@tapline/core/eval/labels';
import { formatTime } from '@tapline/core/packet/time';
import { readLabelFile, type LabelFile } from './label-file.ts';

export const LABEL_VARIANTS = ['cns2022', 'wtmc2021', 'official'] as const;
export type LabelVariant = (typeof LABEL_VARIANTS)[number];

/** In the order in which they are evaluated, with their dates at the place of recording (UTC-3) and in UTC. */
export const DAYS = [
  { day: 'Monday', date: '2017-07-03' },
  { day: 'Tuesday', date: '2017-07-04' },
  { day: 'Wednesday', date: '2017-07-05' },
  { day: 'Thursday', date: '2017-07-06' },
  { day: 'Friday', date: '2017-07-07' },
] as const;
export type Day = (typeof DAYS)[number]['day'];

/**
 * What is learned comes from Monday, 9:00 to 15:24 by the clock of the place: its last fifth (to 17:00) is kept to count false
 * alerts on, and what is later must not change what detectors know.
 */
export const FREEZE_AFTER = '2017-07-03T18:24:00Z';

const CAPTURE_NAME = /^(monday|tuesday|wednesday|thursday|friday)\b.*\.(?:pcap|pcapng|cap)(?:\.gz|\.zst)?$/i;

/** The label table of a variant, and its labels by day. */
export function cicidsLabels(variant: LabelVariant): { file: LabelFile; byDay: Map<string, Label[]> } {
  const path = fileURLToPath(new URL(`../../../captures/cicids2017/${variant}.labels.tsv`, import.meta.url));
  const file = readLabelFile(path);
  return { file, byDay: Map.groupBy(file.labels, (label) => label.path) };
}

export interface DayFile {
  readonly day: Day;
  readonly name: string;
  readonly path: string;
}

/**
 * The captures of a folder whose names begin with a day of the week, as `Tuesday-WorkingHours.pcap`.
 * @throws PipelineError USAGE when there are none, or two of one day
 */
export function findDays(folder: string): { found: DayFile[]; missing: Day[] } {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (cause) {
    throw new PipelineError('USAGE', `cannot read ${folder}: ${(cause as Error).message}`, { cause });
  }
  const found: DayFile[] = [];
  const missing: Day[] = [];
  for (const { day } of DAYS) {
    const of = names.filter((name) => CAPTURE_NAME.exec(name)?.[1]!.toLowerCase() === day.toLowerCase());
    if (of.length > 1) {
      throw new PipelineError(
        'USAGE',
        `${folder} has several captures of ${day}: ${of.join(', ')}; keep one of them there`,
      );
    }
    const [name] = of;
    if (name === undefined) missing.push(day);
    else found.push({ day, name, path: join(folder, name) });
  }
  if (found.length === 0) {
    const expected = DAYS.map(({ day }) => `${day}-WorkingHours.pcap`).join(', ');
    throw new PipelineError(
      'USAGE',
      `${folder} has no day of CICIDS2017: expected ${expected} (pcap or pcapng, also .gz or .zst)`,
    );
  }
  return { found, missing };
}

/** What is wrong with a capture whose packets are of another date than its name says; undefined when nothing is. */
export function wrongDate({ day, name }: DayFile, firstUs: number): string | undefined {
  const { date } = DAYS.find((one) => one.day === day)!;
  const first = formatTime(firstUs, 0);
  if (firstUs === Infinity || first.startsWith(date)) return undefined;
  return `${name}: its first packet is of ${first}, and ${day} was ${date}: its labels do not fit`;
}

/** What is true of this evaluation, as far as days and labels go. */
export function cicidsLimits(variant: LabelVariant, missing: readonly Day[], labels: readonly Label[]): string[] {
  const unknown = labels.filter(({ treatment, fromS }) => treatment === 'ignore' && fromS === undefined);
  return [
    'Scored per attack and per window, never per flow; windows with left-out packets, and the first after an attack, count neither way.',
    ...(missing.length === 0 ? [] : [`Not evaluated, because the capture is not there: ${missing.join(', ')}.`]),
    ...(missing.includes('Monday')
      ? ['Without Monday there is nothing to train on, and no day without attacks to count false alerts on.']
      : []),
    ...(unknown.length === 0
      ? []
      : [
          `Spans by ${variant} not known here, so left out for the whole day: ${unknown.map(({ name }) => name).join(', ')}.`,
        ]),
  ];
}
