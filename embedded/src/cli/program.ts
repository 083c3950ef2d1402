/**
 * The command line as a whole: names, help, and how usage errors look. Only the command that is asked for is loaded: the
 * clients of broker and database take a second to load, and memory that a run in one process is not to have.
 */
import { Command } from 'commander';
import { version } from './version.ts';

type Add = (program: Command) => void;

/** In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  run: async () => (await import('../commands/run.ts')).addRun,
  decode: async () => (await import('../commands/decode.ts')).addDecode,
  flows: async () => (await import('../commands/flows.ts')).addFlows,
  capture: async () => (await import('../commands/capture.ts')).addCapture,
  interfaces: async () => (await import('../commands/interfaces.ts')).addInterfaces,
  consume: async () => (await import('../commands/consume.ts')).addConsume,
  topics: async () => (await import('../commands/topics.ts')).addTopics,
  bridge: async () => (await import('../commands/bridge.ts')).addBridge,
  dlq: async () => (await import('../commands/dlq.ts')).addDlq,
  audit: async () => (await import('../commands/audit.ts')).addAudit,
  alert: async () => (await import('../commands/alert.ts')).addAlert,
  query: async () => (await import('../commands/query.ts')).addQuery,
  eval: async () => (await import('../commands/eval.ts')).addEval,
  export: async () => (await import('../commands/export.ts')).addExport,
  migrate: async () => (await import('../commands/migrate.ts')).addMigrate,
  functions: async () => (await import('../commands/functions.ts')).addFunctions,
  services: async () => (await import('../commands/services.ts')).addServices,
  doctor: async () => (await import('../commands/doctor.ts')).addDoctor,
};

/**
 * A fresh program; usage errors are thrown as CommanderError after one clear line on stderr.
 * @param asked first argument of the command line: the command to load, all of them when it is none
 */
export async function makeProgram(asked: string | undefined): Promise<Command> {
  const program = new Command('tapline')
    .description('From a network tap to a report: every packet decoded, windowed, scored, stored and accounted for.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError('(add --help for what there is)')
    // A command that has commands of its own does not take their options.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'tapline: '));
      },
    });
  const one = Object.hasOwn(COMMANDS, asked ?? '') ? COMMANDS[asked!] : undefined;
  for (const load of one === undefined ? Object.values(COMMANDS) : [one]) (await load())(program);
  return program;
}
