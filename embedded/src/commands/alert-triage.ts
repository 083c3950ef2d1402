/** `tapline alert ack|note|mute|unmute|undo|history`: what is done about an alert, and by whom. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Alert } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import { checkTriageRequest, type TriageEntry } from '@tapline/core/triage/triage-entry';
import { triageState } from '@tapline/core/triage/triage-state';
import { recordTriage } from '@tapline/functions/stages/report/triage';
import { historyText } from '../cli/triage-output.ts';
import { parseTimeUs } from '../cli/options.ts';
import { systemClock } from '../line/clock.ts';
import { place, withStores, type AlertStores, type PlaceFlags } from './alert.ts';

const SPAN_US: Readonly<Record<string, number>> = { m: 60e6, h: 3600e6, d: 86_400e6, w: 604_800e6 };

interface MuteFlags extends PlaceFlags {
  readonly for?: number;
  readonly until?: number;
  readonly why: string;
}

interface HistoryFlags extends PlaceFlags {
  readonly json: boolean;
}

export function addTriage(alert: Command): void {
  one(alert, 'ack', 'acknowledge an alert: somebody looks at it').action((id: string, flags: PlaceFlags) =>
    record(id, flags, () => ({ action: 'acknowledge' })),
  );
  one(alert, 'note', 'write a note about an alert')
    .argument('<text>', 'at most 2,000 characters')
    .action((id: string, text: string, flags: PlaceFlags) => record(id, flags, () => ({ action: 'note', text })));
  one(alert, 'mute', 'leave an alert out of the lists for a while; it stays countable')
    .requiredOption('--why <text>', 'the reason, shown beside it')
    .addOption(new Option('--for <time>', 'how long: 30m, 8h, 7d, 4w').argParser(parseSpan).conflicts('until'))
    .addOption(new Option('--until <time>', 'or until when, ISO 8601').argParser(parseTimeUs))
    .action((id: string, flags: MuteFlags) => record(id, flags, () => muteOf(flags)));
  one(alert, 'unmute', 'take the mute of an alert back').action((id: string, flags: PlaceFlags) =>
    record(id, flags, (entries) => {
      const { muted } = triageState(entries, systemClock.nowUs());
      if (muted === null) throw new PipelineError('USAGE', `alert ${id} is not muted`);
      return { action: 'undo', undoes: muted.id };
    }),
  );
  one(alert, 'undo', 'take back what was done last, or the entry that is named')
    .argument('[entry]', 'as "tapline alert history" names it')
    .action((id: string, entry: string | undefined, flags: PlaceFlags) =>
      record(id, flags, (entries) => ({ action: 'undo', undoes: entry ?? lastStanding(id, entries).id })),
    );
  one(alert, 'history', 'who did what about an alert, when and why')
    .option('--json', 'the entries as one JSON array', false)
    .action(history);
}

const one = (alert: Command, name: string, description: string): Command =>
  place(alert.command(name).description(description)).argument('<id>', 'which, as "tapline alert list" names it');

function muteOf(flags: MuteFlags): object {
  const untilUs = flags.for === undefined ? flags.until : systemClock.nowUs() + flags.for;
  if (untilUs === undefined)
    throw new PipelineError('USAGE', 'say how long: --for 7d, or --until 2027-01-31T00:00:00Z');
  return { action: 'mute', text: flags.why, untilUs: Math.floor(untilUs) };
}

function lastStanding(id: string, entries: readonly TriageEntry[]): TriageEntry {
  const undone = new Set(entries.map(({ undoes }) => undoes));
  const last = entries.findLast((entry) => entry.action !== 'undo' && !undone.has(entry.id));
  if (last !== undefined) return last;
  throw new PipelineError('USAGE', `there is nothing to undo about alert ${id}`);
}

function parseSpan(text: string): number {
  const match = /^(\d{1,4})([mhdw])$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Use for example 30m, 8h, 7d or 4w.');
  return Number(match[1]) * SPAN_US[match[2]!]!;
}

async function record(
  id: string,
  flags: PlaceFlags,
  requestOf: (entries: readonly TriageEntry[]) => object,
): Promise<void> {
  const entries = await withStores(flags, async (stores) => {
    const alert = await findAlert(stores, id);
    const deps = { store: stores.triage, clock: systemClock };
    const request = requestOf(await entriesOf(stores, alert));
    const checked = checkTriageRequest({ id: randomUUID(), ...request }, systemClock.nowUs());
    try {
      await recordTriage(deps, alert, checked, `local:${userInfo().username}`);
    } catch (error) {
      throw new PipelineError('USAGE', (error as Error).message, { cause: error });
    }
    return entriesOf(stores, alert);
  });
  process.stdout.write(historyText(entries, systemClock.nowUs()));
}

async function history(id: string, flags: HistoryFlags): Promise<void> {
  const entries = await withStores(flags, async (stores) => entriesOf(stores, await findAlert(stores, id)));
  process.stdout.write(flags.json ? `${JSON.stringify(entries)}\n` : historyText(entries, systemClock.nowUs()));
}

async function findAlert({ results }: AlertStores, id: string): Promise<Alert> {
  const alert = await results.alert(id);
  if (alert !== undefined) return alert;
  throw new PipelineError('USAGE', `there is no alert ${id}: tapline alert list names them`);
}

const entriesOf = async ({ triage }: AlertStores, alert: Alert): Promise<readonly TriageEntry[]> =>
  (await triage.entries([alert])).get(alert.id) ?? [];
