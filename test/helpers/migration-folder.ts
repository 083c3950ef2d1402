/** Folders of migrations for tests: file names to CQL. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function writeMigrations(folder: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, cql] of Object.entries(files)) writeFileSync(join(folder, name), cql);
  return folder;
}

export const tableCql = (name: string): string => `CREATE TABLE IF NOT EXISTS ${name} (id text PRIMARY KEY, v text);\n`;
