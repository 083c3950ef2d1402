/** The `tapline` command: one subcommand per file in commands/, exit code 0 (ok), 1 (failed) or 2 (usage). */
import { CommanderError, type Command } from 'commander';
import { PipelineError } from '@tapline/core/errors';
import { endWithParent } from './cli/parent.ts';
import { makeProgram } from './cli/program.ts';

const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
/** For what a failed command left behind to close by itself. */
const GRACE_MS = 500;

async function main(program: Command): Promise<number> {
  try {
    await program.parseAsync();
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof PipelineError) {
      process.stderr.write(`tapline: ${error.message}\n`);
      exitSoon();
      return error.code === 'USAGE' ? EXIT.usage : EXIT.failed;
    }
    throw error;
  }
}

/**
 * Ends the process once what was printed is out, whatever is still open: the Cassandra driver, for one, keeps the
 * connection on which it found that the data centre is another.
 */
function exitSoon(): void {
  process.stdout.write('', () => setTimeout(() => process.exit(), GRACE_MS).unref());
}

// A reader such as `head` may close the pipe early; that is its right and no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

endWithParent();
const code = await main(await makeProgram(process.argv[2]));
if (process.exitCode === undefined || process.exitCode === 0) process.exitCode = code;
