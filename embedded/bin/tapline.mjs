#!/usr/bin/env node
/**
 * The `tapline` command as npm links it: starts embedded/src/main.ts under the Node the project brings, with the same
 * standard streams, signals and exit code. Plain JavaScript, because npm may run on an older Node.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { NODE_ENVIRONMENT, NODE_FLAGS, findNode } from '../../tools/find-node.mjs';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

let node;
try {
  node = findNode();
} catch (error) {
  process.stderr.write(`tapline: ${error.message}\n`);
  process.exit(1);
}

const child = spawn(node, [...NODE_FLAGS, main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...NODE_ENVIRONMENT, ...process.env },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends Ctrl-C to the whole process group, so only signals sent to this process alone are passed on.
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('error', (error) => {
  process.stderr.write(`tapline: cannot start ${node}: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal ? (constants.signals[signal] ?? 0) : 0));
});
