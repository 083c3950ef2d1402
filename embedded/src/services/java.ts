/** Finds a Java the services run on, and fetches their jars with Maven: once per version, into the pom's target folder. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PipelineError } from '@tapline/core/errors';
import { lastLine, runTool } from './run-tool.ts';
import type { PrepareContext } from './service.ts';

/** Cassandra 5.0 runs on 11 and 17 only, Kafka 4 from 17 on. */
const JAVA_MAJOR = 17;
const POMS = fileURLToPath(new URL('../../../tools/services/', import.meta.url));
/** Written last, so that a folder that has it is whole. */
const STAMP = '.pom-sha256';

let found: Promise<string> | undefined;

/** Path of a Java 17. Throws PipelineError SERVICE when the machine has none. */
export function findJava(): Promise<string> {
  found ??= searchJava();
  return found;
}

async function searchJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const candidates = [
    ...(home === undefined || home === '' ? [] : [join(home, 'bin', 'java')]),
    'java',
    ...globSync('/usr/lib/jvm/*17*/bin/java'),
  ];
  const seen = new Set<string>();
  for (const candidate of candidates) {
    const result = await runTool(candidate, ['-version']);
    const version = /version "(\d+)/.exec(result?.output ?? '')?.[1];
    if (version === String(JAVA_MAJOR)) return candidate;
    if (version !== undefined) seen.add(version);
  }
  const others = seen.size === 0 ? 'there is none' : `there is only Java ${[...seen].join(' and ')}`;
  throw new PipelineError(
    'SERVICE',
    `Kafka and Cassandra run on Java ${JAVA_MAJOR}, and ${others}: install openjdk-${JAVA_MAJOR}-jre-headless, or set JAVA_HOME`,
  );
}

/** The version a pom pins, as in `4.3.1`. */
export function pinnedVersion(artifact: 'kafka' | 'cassandra'): string {
  return /<service\.version>(.+?)</.exec(readFileSync(join(POMS, artifact, 'pom.xml'), 'utf8'))?.[1] ?? 'unknown';
}

/** Folder with the jars of a pom, fetched when it is missing or older than the pom. Throws PipelineError SERVICE. */
export async function fetchJars(artifact: 'kafka' | 'cassandra', context: PrepareContext): Promise<string> {
  const pom = join(POMS, artifact, 'pom.xml');
  const target = join(POMS, artifact, 'target');
  const jars = join(target, 'dependency');
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex');
  const stamp = join(jars, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return jars;

  context.tell(`fetching the jars of ${artifact} ${pinnedVersion(artifact)} with Maven (first time only) …`);
  const fresh = join(target, `dependency-${process.pid}`);
  mkdirSync(target, { recursive: true });
  try {
    const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
    const result = await runTool('mvn', [...args, `-DoutputDirectory=${fresh}`], { signal: context.signal });
    if (result === undefined) {
      throw new PipelineError('SERVICE', `mvn is missing: install maven, which fetches the jars of ${artifact}`);
    }
    if (result.code !== 0) {
      const reason = /^\[ERROR\] .*/m.exec(result.output)?.[0] ?? lastLine(result.output);
      throw new PipelineError('SERVICE', `Maven could not fetch ${artifact}: ${reason}`, { retriable: true });
    }
    writeFileSync(join(fresh, STAMP), hash);
    rmSync(jars, { recursive: true, force: true });
    renameSync(fresh, jars);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return jars;
}
