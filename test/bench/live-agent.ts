/**
 * The sensor without a broker, as a program of its own: what an interface sees into zstd batches, to nowhere.
 * `live-agent.ts INTERFACE`: captures until SIGINT, and prints its counters as one JSON object.
 */
import { zstd } from '@tapline/adapters/codec/zstd';
import { runAgent } from '@tapline/capture-agent/agent';
import { openChoice } from '@tapline/capture-agent/source/source-choice';

const BUFFER_BYTES = 32 * 2 ** 20;

const stop = new AbortController();
process.on('SIGINT', () => {
  stop.abort();
});
const [name] = process.argv.slice(2) as [string];
const choice = { interface: name, promiscuous: true, bufferBytes: BUFFER_BYTES, includeSelf: false };
const warn = (line: string): void => void process.stderr.write(`${line}\n`);
const { source, drops, own, interrupt } = await openChoice(choice, { signal: stop.signal, warn });
const session = { sensor: 'bench', session: 'bench', windowUs: 10e6, allowedLatenessUs: 10e6, codec: zstd };
const live = { speed: 'top' as const, pulse: { everyMs: 1000, live: true, firstHeartbeat: 0 } };
const wired = { ...(drops && { drops }), ...(own && { own }) };
const { counters } = await runAgent(source, { ...session, ...live, ...wired }, () => Promise.resolve(), interrupt);
process.stdout.write(`${JSON.stringify(counters)}\n`);
