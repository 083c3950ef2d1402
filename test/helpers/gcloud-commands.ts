/**
 * The command lines of gcloud that documents and files tell people to run, and whether the installed SDK has them. It knows
 * every command and flag from a table of its own (the one its shell completion uses), which is quicker than 20 times --help.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

interface Command {
  readonly commands: Readonly<Record<string, Command>>;
  /** `value`, `bool`, `dynamic`, or the choices. */
  readonly flags: Readonly<Record<string, string | readonly string[]>>;
}

/** The table of the SDK whose `gcloud` is on the PATH; undefined without one. */
export function readCommandTable(): Command | undefined {
  const program = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'gcloud'))
    .find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const table = readFileSync(join(dirname(dirname(realpathSync(program))), 'data/cli/gcloud_completions.py'), 'utf8');
  return JSON.parse(table.slice(table.indexOf('{'))) as Command;
}

/** Flags that every command takes and the table leaves out. */
const EVERYWHERE = new Set(['--help', '--quiet', '--format', '--project']);

/** Command lines in a text: whatever follows `gcloud ` up to a comment, a quote that ends it, a pipe, or the line's end. */
export function gcloudLines(text: string): string[] {
  const joined = text.replaceAll(/\s*\\\n\s*/g, ' ');
  return [...joined.matchAll(/(?<![\w/.-])gcloud ((?:"[^"\n]*"|'[^'\n]*'|\$\{[^}]*\}|[^\n`"'|#);&<>])+)/g)].map(
    ([, line]) => line!.trim().replace(/[.,:]$/, ''),
  );
}

const words = (line: string): string[] =>
  [...line.matchAll(/(?:"[^"]*"|'[^']*'|\$\{[^}]*\}|\S)+/g)].map(([word]) => word);

/** What is wrong with a command line, undefined when the SDK would take it. Positional arguments are not counted. */
export function fault(line: string, table: Command): string | undefined {
  let command = table;
  const path: string[] = [];
  const known = new Map(Object.entries(table.flags));
  for (const word of words(line)) {
    if (word.startsWith('-')) {
      const wrong = flagFault(word, known);
      if (wrong !== undefined) return `gcloud ${path.join(' ')}: ${wrong}`;
      continue;
    }
    const next = command.commands[word];
    const isGroup = Object.keys(command.commands).length > 0;
    if (next === undefined && isGroup) return `gcloud ${path.join(' ')} has no ${word}`;
    if (next === undefined) continue;
    path.push(word);
    command = next;
    for (const [flag, kind] of Object.entries(next.flags)) known.set(flag, kind);
  }
  return Object.keys(command.commands).length > 0 ? `gcloud ${path.join(' ')} is a group, not a command` : undefined;
}

function flagFault(word: string, known: ReadonlyMap<string, string | readonly string[]>): string | undefined {
  const [flag, value] = /^([^=]+)(?:=(.*))?$/s.exec(word)!.slice(1) as [string, string | undefined];
  const kind = known.get(flag) ?? known.get(flag.replace(/^--no-/, '--'));
  if (kind === undefined) return EVERYWHERE.has(flag) ? undefined : `no flag ${flag}`;
  if (Array.isArray(kind) && value !== undefined && !kind.includes(value)) {
    return `${flag} is one of ${kind.join(', ')}, not ${value}`;
  }
  return undefined;
}
