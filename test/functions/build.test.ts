/** The folders that are deployed: what is in them, and that the platform's own starter runs one. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFunctions, FUNCTIONS, FUNCTIONS_DIST, type FunctionName } from '../../functions/build.ts';
import { startFramework } from '../helpers/built-function.ts';
import { post } from '../helpers/function-server.ts';

interface Manifest {
  readonly main: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

// Inside the repository, so that the libraries are found; npm ci in the folder would take minutes.
mkdirSync(FUNCTIONS_DIST, { recursive: true });
const folder = mkdtempSync(join(FUNCTIONS_DIST, '.test-'));

beforeAll(() => buildFunctions(folder));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const read = (name: FunctionName): Manifest =>
  JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as Manifest;

describe('the folder of a function', () => {
  it.each(FUNCTIONS)('%s names its main file, the runtime, and exact versions', (name) => {
    const { main, engines, dependencies } = read(name);
    expect(readFileSync(join(folder, name, main), 'utf8')).toContain(`http(\n  "${name}"`);
    expect(engines).toEqual({ node: '24.x' });
    for (const version of Object.values(dependencies)) {
      if (version.startsWith('file:'))
        expect(existsSync(join(folder, name, version.slice(5), 'package.json'))).toBe(true);
      else expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it('lists the libraries that this function imports and no others', () => {
    const libraries = Object.fromEntries(FUNCTIONS.map((name) => [name, Object.keys(read(name).dependencies)]));
    const [bigtable, framework, pubsub, exporter] = [
      'bigtable',
      'functions-framework',
      'pubsub',
      'opentelemetry-cloud-monitoring-exporter',
    ].map((p) => `@google-cloud/${p}`);
    // The last is ours: it stands in for what Bigtable's client loads and Tapline switches off.
    const pushed = [bigtable, framework, pubsub, 'cassandra-driver', 'google-auth-library', exporter];
    expect(libraries).toEqual({
      parse: pushed,
      window: pushed,
      score: pushed,
      report: [framework, 'cassandra-driver', 'jose'],
    });
  });

  it.each(FUNCTIONS)('%s has a lockfile that npm finds whole', (name) => {
    // npm ls ends with an error when anything is missing or of another version than somebody asks for.
    execFileSync('npm', ['ls', '--all', '--package-lock-only'], { cwd: join(folder, name), stdio: 'pipe' });
  });
});

describe('a built function under the platform’s starter', () => {
  it('fails to start with a wrong setting, and says which', async () => {
    await expect(startFramework(join(folder, 'parse'), 'parse', { TAPLINE_WINDOW: 'ten' })).rejects.toThrow(
      /TAPLINE_WINDOW is "ten"/,
    );
  });

  it('answers, refuses, and asks for another delivery when its database is away', async () => {
    const parse = await startFramework(join(folder, 'parse'), 'parse', {
      TAPLINE_CASSANDRA_CONTACT_POINTS: '127.0.0.1:1',
    });
    expect((await post(parse.url, 'garbage')).status).toBe(400);
    expect((await post(parse.url, new Uint8Array(30_000_000))).status).toBe(413);
    expect((await post(parse.url, '{"message":{"data":"AAAA","messageId":"7"}}')).status).toBe(503);
    const last = parse.stderr().trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({
      severity: 'WARNING',
      code: 'STORE',
      message: expect.stringMatching(/Cassandra at 127\.0\.0\.1:1/) as string,
      'logging.googleapis.com/labels': { function: 'parse' },
    });
    parse.child.kill('SIGTERM');
    expect(await parse.ended).toBe(0);
  });

  it('finishes the request under way when it is told to end', async () => {
    const parse = await startFramework(join(folder, 'parse'), 'parse', {});
    const socket = connect(parse.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    const closed = new Promise((done) => socket.on('close', done));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n');
    // The function has the request when it asks for the rest of it.
    await new Promise<void>((asked) => {
      socket.on('data', () => {
        if (answer.includes('100 Continue')) asked();
      });
    });
    parse.child.kill('SIGTERM');
    socket.write('garbage');
    await closed;
    expect(answer).toMatch(/HTTP\/1\.1 400 [^]*the body is no JSON/);
    expect(await parse.ended).toBe(0);
  });
});
