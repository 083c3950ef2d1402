/** Each function's folder far from the repository: `npm ci` there alone, then the platform's starter and real requests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeControlMessage } from '@tapline/core/ledger/control-message';
import { encodeWindowMessage } from '@tapline/core/window/window-message';
import { buildFunctions, FUNCTIONS, type FunctionName } from '../../functions/build.ts';
import { generateFrames } from '../../tools/generate-capture/generator.ts';
import { installAlone, startFramework } from '../helpers/built-function.ts';
import { post, pushBody } from '../helpers/function-server.ts';
import { cutMessages } from '../helpers/stage-line.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const NOBODY = { TAPLINE_CASSANDRA_CONTACT_POINTS: '127.0.0.1:1', PUBSUB_EMULATOR_HOST: '127.0.0.1:1' };

const messages = cutMessages(
  { sensor: 'tap', session: 's', windowUs: 10_000_000, arrivalUs: Date.now() * 1000 },
  (sink) => {
    generateFrames({ packets: 500, seed: 1, profile: 'mix' }, sink);
  },
);
const versionIn = (folderOfPackage: string): string =>
  (JSON.parse(readFileSync(join(folderOfPackage, 'package.json'), 'utf8')) as { version: string }).version;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A push of each kind as the deployed line makes it. */
function pushFor(name: FunctionName): Uint8Array {
  if (name === 'score') {
    return bytes(encodeWindowMessage({ kind: 'window', key: { sensor: 'tap', windowStartUs: 0 } }));
  }
  for (const message of messages) {
    if (name === 'parse' && message.kind === 'batch') return message.bytes;
    if (name === 'window' && message.kind === 'heartbeat') {
      return bytes(encodeControlMessage({ kind: 'heartbeat', heartbeat: message.heartbeat }));
    }
  }
  throw new Error(`nothing is pushed to ${name}`);
}

beforeAll(async () => {
  await buildFunctions(folder);
  for (const name of FUNCTIONS) installAlone(join(folder, name));
}, 600_000);

describe.each(FUNCTIONS)('the folder of %s, installed alone', (name) => {
  const alone = join(folder, name);

  it('has the versions that its manifest names', () => {
    const { dependencies } = JSON.parse(readFileSync(join(alone, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const [library, wanted] of Object.entries(dependencies)) {
      // A folder of ours stands in for a package, and says itself which version it is.
      const version = wanted.startsWith('file:') ? versionIn(join(alone, wanted.slice(5))) : wanted;
      expect([library, versionIn(join(alone, 'node_modules', library))]).toEqual([library, version]);
    }
  });

  if (name !== 'report')
    it('reads a real push as far as its database, which is away, and refuses what is no push', async () => {
      const running = await startFramework(alone, name, NOBODY);
      expect((await post(running.url, 'garbage')).status).toBe(400);
      expect((await post(running.url, pushBody(pushFor(name), { sensor: 'tap' }))).status).toBe(503);
      expect(running.stderr()).toMatch(/Cassandra at 127\.0\.0\.1:1/);
      running.child.kill('SIGTERM');
      expect(await running.ended).toBe(0);
    }, 300_000);

  if (name === 'report')
    it('asks who reads before it asks its database, which is away', async () => {
      const open = await startFramework(alone, name, NOBODY);
      expect((await fetch(`${open.url}api/v1/overview`)).status).toBe(503);
      open.child.kill('SIGTERM');
      const closed = await startFramework(alone, name, {
        ...NOBODY,
        TAPLINE_AUTH: 'firebase',
        TAPLINE_FIREBASE_API_KEY: 'K',
      });
      expect((await fetch(`${closed.url}api/v1/overview`)).status).toBe(401);
      expect(await (await fetch(`${closed.url}api/v1/sign-in`)).json()).toEqual({ kind: 'firebase', apiKey: 'K' });
      closed.child.kill('SIGTERM');
      expect([await open.ended, await closed.ended]).toEqual([0, 0]);
    }, 300_000);
});
