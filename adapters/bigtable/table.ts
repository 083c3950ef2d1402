/**
 * The table of window state: its families, and making them where Terraform does not, on an emulator. Rules for garbage
 * are by age, and the age of a cell is that of its arrival: a capture of years ago is as young as its replay.
 */
import type { GcRule, Table } from '@google-cloud/bigtable';
import { bigtableError, STATUS, statusOf } from './bigtable-error.ts';

/**
 * - `partials`: a cell per batch, up to 64 KB
 * - `counts`: a cell per batch, packets and bytes, so that completeness is judged without the partials
 * - `announced`: a cell per distinct announcement of a session
 * - `emitted`: from which counts the window was last scored, a cell per revision
 * - `changed`, `waiting`, `ready`: marks of windows that are to be looked at (pending-index.ts), in rows of their own
 */
export const FAMILIES = ['partials', 'counts', 'announced', 'emitted', 'changed', 'waiting', 'ready'] as const;
export type Family = (typeof FAMILIES)[number];

/** Late data revises a window as long as its cells are there; a week, as long as Pub/Sub keeps messages. */
export const KEEP_SECONDS = 7 * 86_400;

/**
 * Creates the table and those of its families that are missing; harmless when others do so at the same time.
 * @param keepSeconds after which a cell may be collected (the emulator does so as well)
 * @throws PipelineError STORE
 */
export async function ensureTable(table: Table, keepSeconds = KEEP_SECONDS): Promise<void> {
  const doing = `making table ${table.id}`;
  const rule: GcRule = { age: { seconds: keepSeconds, nanos: 0 }, versions: 1, union: true };
  try {
    await unlessThere(table.create({ families: FAMILIES.map((name) => ({ name, rule })) }));
    const missing = await missingFamilies(table);
    await Promise.all(missing.map((name) => unlessThere(table.createFamily(name, { rule }))));
  } catch (error) {
    throw bigtableError(error, doing);
  }
}

/** Families that the table lacks. Rejects with the library's error, status notFound when there is no table. */
export async function missingFamilies(table: Table): Promise<Family[]> {
  const [families] = await table.getFamilies();
  const there = new Set(families.map(({ id }) => id));
  return FAMILIES.filter((name) => !there.has(name));
}

async function unlessThere(making: Promise<unknown>): Promise<void> {
  try {
    await making;
  } catch (error) {
    if (statusOf(error) !== STATUS.alreadyExists) throw error;
  }
}
