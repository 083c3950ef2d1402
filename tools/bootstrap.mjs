/**
 * What `npm start`, `npm test` and their siblings run first: installs what is missing (with progress), finds the
 * project's own Node, and hands over. Plain JavaScript, because npm may run on an older Node.
 */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NODE_ENVIRONMENT, NODE_FLAGS, ROOT, findNode } from './find-node.mjs';

const BIN = join(ROOT, 'node_modules', '.bin');
/** npm writes this last, so it says that an installation finished, and when. */
const STAMP = join(ROOT, 'node_modules', '.package-lock.json');
const LOCK = join(ROOT, 'package-lock.json');
const TELL_EVERY_MS = 5000;

const bin = (name) => join(ROOT, 'node_modules', ...name);
const vitest = bin(['vitest', 'vitest.mjs']);
const tsc = bin(['typescript', 'bin', 'tsc']);

/** Each command is a list of Node invocations, run in order until one fails. */
const COMMANDS = {
  start: (args) => [['embedded/src/main.ts', 'run', ...args]],
  services: (args) => [['embedded/src/main.ts', 'services', ...args]],
  test: (args) => [[vitest, 'run', ...args]],
  vitest: (args) => [[vitest, ...args]],
  check: () => [
    [tsc, '-p', 'core'],
    [tsc, '-p', 'report'],
    [tsc, '-p', '.'],
    [bin(['eslint', 'bin', 'eslint.js']), '--max-warnings', '0', '.'],
    [bin(['prettier', 'bin', 'prettier.cjs']), '--check', '--log-level', 'warn', '.'],
  ],
  reader: (args) => [['tools/report-reader.ts', ...args]],
  sbom: (args) => [['tools/sbom.ts', ...args]],
  build: () => [['report/build.ts'], ['functions/build.ts']],
  bench: ([part = '', ...args]) =>
    ['ceiling', 'functions', 'memory', 'page', 'sketches'].includes(part)
      ? [[`test/bench/${part}.ts`, ...args]]
      : [['test/bench/main.ts', part, ...args].filter(Boolean)],
};

function fail(message) {
  process.stderr.write(`tapline: ${message}\n`);
  process.exit(1);
}

function run(command, args, env, stdout = 'inherit') {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['inherit', stdout, 'inherit'], env });
    // Ctrl-C reaches the child by itself; this process waits for it to drain.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', (error) => fail(`cannot start ${command}: ${error.message}`));
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)));
  });
}

async function installIfMissing() {
  if (existsSync(STAMP) && statSync(STAMP).mtimeMs >= statSync(LOCK).mtimeMs) return;
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  process.stderr.write('tapline: installing packages (first run only, usually under a minute) …\n');
  const timer = setInterval(() => process.stderr.write(`tapline: still installing, ${seconds()} s …\n`), TELL_EVERY_MS);
  const npm = process.env.npm_execpath;
  const flags = ['ci', '--no-audit', '--no-fund', '--loglevel', 'error', '--ignore-scripts'];
  // What npm says goes to stderr: stdout belongs to the command that was asked for.
  const code = npm?.endsWith('.js')
    ? await run(process.execPath, [npm, ...flags], process.env, process.stderr)
    : await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', flags, process.env, process.stderr);
  clearInterval(timer);
  if (code !== 0) fail(`npm ci failed with exit code ${code}; see its message above`);
  process.stderr.write(`tapline: installed in ${seconds()} s\n`);
}

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) fail(`no such command: ${name}; one of ${Object.keys(COMMANDS).join(', ')}`);
await installIfMissing();

let node;
try {
  node = findNode();
} catch (error) {
  fail(error.message);
}
const env = { ...NODE_ENVIRONMENT, ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH}` };
for (const invocation of command(args)) {
  const code = await run(node, [...NODE_FLAGS, ...invocation], env);
  if (code !== 0) process.exit(code);
}
