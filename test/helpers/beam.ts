/** Builds dataflow-templates/ with Maven and runs its pipelines on Beam's own runner, each in a Java of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from 'vitest';
import type { Settings } from '@tapline/core/settings/settings';
import { findJava } from '@tapline/embedded/services/java';
import { describeWithServices } from './services.ts';

export const BEAM = resolve(import.meta.dirname, '../../dataflow-templates');

/** The first build fetches some 250 MB. */
export const BUILD_MS = 600_000;

export type Template = 'BridgePipeline' | 'KpiPipeline' | 'BackfillPipeline';

/** What two cores that do other things too have to be told; checks of Beam's own are for those who write a runner. */
const RUNNER = ['--targetParallelism=2', '--enforceImmutability=false', '--enforceEncodability=false'];
const JAVA = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

const works = (program: string): boolean => spawnSync(program, ['-version'], { stdio: 'ignore' }).status === 0;
const missing = ['mvn', 'javac'].filter((program) => !works(program));

/** A `describe` that needs Maven, a Java compiler, and Kafka and the Pub/Sub emulator. */
export function describeWithBeam(title: string, suite: (settings: Settings) => void): void {
  if (missing.length === 0) {
    describeWithServices(['kafka', 'pubsub'], title, suite);
    return;
  }
  const reason = `${missing.join(' and ')} cannot be run: install maven and openjdk-17-jdk-headless`;
  if (process.env['REQUIRE_SERVICES'] === '1') throw new Error(`REQUIRE_SERVICES=1, but ${reason}`);
  console.warn(`SKIPPED: ${reason}`);
  describe.skip(title, () => undefined);
}

/** Compiles, runs the JUnit tests, and lays the jars out. Throws with what Maven said. */
export function buildBeam(): void {
  const { status, stdout, stderr } = spawnSync('mvn', ['-q', '-B', 'package'], {
    cwd: BEAM,
    encoding: 'utf8',
    env: { ...process.env, MAVEN_OPTS: '-Xmx512m' },
  });
  if (status !== 0) throw new Error(`mvn package: ${stdout.slice(-6_000)}${stderr.slice(-2_000)}`);
}

export interface Pipeline {
  readonly child: ChildProcess;
  /** Resolves with its exit code and what it said. */
  readonly finished: Promise<{ readonly code: number | null; readonly log: string }>;
}

/** Starts a pipeline. */
export async function startBeam(template: Template, options: Readonly<Record<string, string>>): Promise<Pipeline> {
  const classes = [join(BEAM, 'target/tapline-beam.jar'), join(BEAM, 'target/libraries/*')].join(':');
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(
    await findJava(),
    [...JAVA, '-cp', classes, `tapline.pipeline.${template}`, ...given, ...RUNNER],
    // Nobody is to look for the metadata of a virtual machine that this is not.
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_GCE_CHECK: 'true' } },
  );
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const finished = new Promise<{ code: number | null; log: string }>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => {
      done({ code, log: Buffer.concat(said).toString() });
    });
  });
  return { child, finished };
}

/** Runs a pipeline that ends. Throws with what it said when it failed. */
export async function runBeam(template: Template, options: Readonly<Record<string, string>>): Promise<void> {
  const { finished } = await startBeam(template, options);
  const { code, log } = await finished;
  if (code !== 0) throw new Error(`${template} ended with ${code}: ${log.slice(-6_000)}`);
}

/** Options by which a pipeline finds the Pub/Sub emulator, and looks for no credentials. */
export function emulatorOptions(settings: Settings): Record<string, string> {
  return {
    project: settings.project,
    pubsubRootUrl: `http://${settings.pubsubEmulator!}`,
    credentialFactoryClass: 'org.apache.beam.sdk.extensions.gcp.auth.NoopCredentialFactory',
  };
}

/** All JSON lines of the files whose names begin with `prefix`. */
export function readLines<T>(prefix: string): T[] {
  return globSync(`${prefix}*.ndjson`).flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
  );
}
