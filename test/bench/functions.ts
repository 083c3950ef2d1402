/**
 * `npm run bench -- functions`: what each function's folder weighs once it is installed alone, and what a cold start takes,
 * as the table of docs/deploy.md. Processor time of the process, not time on the clock: a busy machine changes it little.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFunctions, FUNCTIONS, type FunctionName } from '../../functions/build.ts';
import { installAlone, startFramework } from '../helpers/built-function.ts';
import { post, pushBody } from '../helpers/function-server.ts';

/** The kernel counts processor time in hundredths of a second (proc(5), USER_HZ). */
const TICK_MS = 10;

const processorMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

const residentMb = (pid: number): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024);

const diskMb = (folder: string): number =>
  Math.round(Number(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }).split('\t')[0]) / 1024);

async function measure(name: FunctionName, folder: string): Promise<string> {
  process.stderr.write(`${name}: npm ci …\n`);
  installAlone(folder);
  const ownKb = Math.round(
    globSync('*.js', { cwd: folder }).reduce((sum, file) => sum + readFileSync(join(folder, file)).length, 0) / 1024,
  );
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
  const running = await startFramework(folder, name, {
    TAPLINE_CASSANDRA_CONTACT_POINTS: '127.0.0.1:1',
    PUBSUB_EMULATOR_HOST: '127.0.0.1:1',
  });
  const pid = running.child.pid!;
  const [startMs, startMb] = [processorMs(pid), residentMb(pid)];
  // Loads what only a request needs, and ends at the database that is not there.
  if (name === 'report') await fetch(`${running.url}api/v1/overview`);
  else await post(running.url, pushBody(new Uint8Array([1, 2, 3])));
  const [firstMs, firstMb] = [processorMs(pid) - startMs, residentMb(pid)];
  running.child.kill('SIGTERM');
  await running.ended;
  const cells = [ownKb, Object.keys(lock.packages).length - 1, diskMb(folder), startMs, startMb, firstMs, firstMb];
  return `| ${name} | ${cells.join(' | ')} |`;
}

const root = mkdtempSync(join(tmpdir(), 'tapline-bench-functions-'));
try {
  await buildFunctions(root);
  const rows = [
    '| function | own code, kB | packages | installed, MB | to listening, ms of CPU | resident, MB | first request, ms of CPU | resident after it, MB |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const name of FUNCTIONS) rows.push(await measure(name, join(root, name)));
  process.stdout.write(`${rows.join('\n')}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
