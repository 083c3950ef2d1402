/** The command line as a whole: names, help, and how usage errors look. */
import { Command } from 'commander';
import { addAudit } from '../commands/audit.ts';
import { addBridge } from '../commands/bridge.ts';
import { addCapture } from '../commands/capture.ts';
import { addConsume } from '../commands/consume.ts';
import { addDecode } from '../commands/decode.ts';
import { addDlq } from '../commands/dlq.ts';
import { addFunctions } from '../commands/functions.ts';
import { addMigrate } from '../commands/migrate.ts';
import { addQuery } from '../commands/query.ts';
import { addRun } from '../commands/run.ts';
import { addServices } from '../commands/services.ts';
import { addTopics } from '../commands/topics.ts';
import { version } from './version.ts';

/** A fresh program; usage errors are thrown as CommanderError after one clear line on stderr. */
export function makeProgram(): Command {
  const program = new Command('tapline')
    .description('From a network tap to a report: every packet decoded, windowed, scored, stored and accounted for.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'tapline: '));
      },
    });
  addRun(program);
  addDecode(program);
  addCapture(program);
  addConsume(program);
  addTopics(program);
  addBridge(program);
  addDlq(program);
  addAudit(program);
  addQuery(program);
  addMigrate(program);
  addFunctions(program);
  addServices(program);
  return program;
}
