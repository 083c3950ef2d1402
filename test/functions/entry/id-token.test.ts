import { createHmac } from 'node:crypto';
import { createReaderCheck } from '@tapline/functions/entry/id-token';
import { generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { claims, nowSeconds, PROJECT, serveKeys, sign } from '../../helpers/id-tokens.ts';

const keys = await serveKeys();
const check = createReaderCheck(PROJECT, keys.url);
const theirs = await generateKeyPair('RS256');
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const bearer = async (changes: object = {}): Promise<string> => `Bearer ${await sign(claims(changes))}`;

describe('an ID token', () => {
  it.each([
    ['a viewer', {}, 'viewer'],
    ['an analyst', { tapline: 'analyst' }, 'analyst'],
    ['somebody whose clock is a little ahead', { iat: nowSeconds() + 5, auth_time: nowSeconds() + 5 }, 'viewer'],
  ])('lets %s in', async (_, changes, role) => {
    expect(await check(await bearer(changes))).toEqual({ subject: 'reader-1', name: 'reader-1', role });
  });

  it('names whoever has an e-mail address by it', async () => {
    expect(await check(await bearer({ email: 'anna@example.org' }))).toMatchObject({ name: 'anna@example.org' });
  });

  it.each([
    ['of another project', { aud: 'other', iss: 'https://securetoken.google.com/other' }],
    ['for another audience', { aud: 'other' }],
    ['of another issuer', { iss: 'https://accounts.google.com' }],
    ['that has expired', { iat: nowSeconds() - 3700, exp: nowSeconds() - 100 }],
    ['without an end', { exp: undefined }],
    ['that would live for days', { iat: nowSeconds() - 86_400, exp: nowSeconds() + 86_400 }],
    ['issued in the future', { iat: nowSeconds() + 600 }],
    ['without a time of issue', { iat: undefined }],
    ['of a sign-in in the future', { auth_time: nowSeconds() + 600 }],
    ['of no sign-in', { auth_time: undefined }],
    ['of a sign-in at no time', { auth_time: 'now' }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['with a subject that no account has', { sub: 'x'.repeat(129) }],
  ])('%s is refused with 401', async (_, changes) => {
    await expect(check(await bearer(changes))).rejects.toMatchObject({ name: 'Refusal', status: 401 });
  });

  it('that is missing, no token, or of another scheme is refused with 401', async () => {
    for (const header of [undefined, '', 'Bearer', 'Bearer abc', `Basic ${await sign(claims())}`]) {
      await expect(check(header), String(header)).rejects.toMatchObject({ status: 401 });
    }
  });

  it('is refused when another key signed it, under our name or its own', async () => {
    for (const kid of ['k1', 'k2']) {
      const header = `Bearer ${await sign(claims(), theirs.privateKey, kid)}`;
      await expect(check(header)).rejects.toMatchObject({ status: 401 });
    }
  });

  it('is refused unsigned, as the emulator makes them, and signed with the public key as a secret', async () => {
    const unsigned = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`;
    await expect(check(`Bearer ${unsigned}`)).rejects.toMatchObject({ status: 401 });
    const signed = `${part({ alg: 'HS256', kid: 'k1' })}.${part(claims())}`;
    const secret = await (await fetch(keys.url)).text();
    const mac = createHmac('sha256', secret).update(signed).digest('base64url');
    await expect(check(`Bearer ${signed}.${mac}`)).rejects.toMatchObject({ status: 401 });
  });

  it.each([undefined, 'owner', '', ['viewer'], { role: 'viewer' }, true])(
    'with the role %j is refused with 403, and told whom to ask',
    async (tapline) => {
      await expect(check(await bearer({ tapline }))).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining('ask its owner') as string,
      });
    },
  );

  it('is never repeated in a refusal', async () => {
    const token = await sign(claims(), theirs.privateKey);
    const error = await check(`Bearer ${token}`).catch((thrown: unknown) => String(thrown));
    expect(error).toMatch(/refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED$/);
  });

  it('waits for keys that cannot be fetched now, which is not the reader’s fault', async () => {
    const keyless = createReaderCheck(PROJECT, 'http://127.0.0.1:1/keys');
    await expect(keyless(await bearer())).rejects.toMatchObject({ code: 'STORE', retriable: true });
  });

  it('makes the function fetch keys once, however many unknown keys are named', async () => {
    const before = keys.asked();
    const fresh = createReaderCheck(PROJECT, keys.url);
    for (let n = 0; n < 20; n++) {
      await fresh(`Bearer ${await sign(claims(), theirs.privateKey, `k${100 + n}`)}`).catch(() => undefined);
    }
    expect(keys.asked() - before).toBe(1);
  });
});
