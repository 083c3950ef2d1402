import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readSettings } from '@tapline/core/settings/settings';
import { createTokenCheck, tokenCheckOf } from '@tapline/functions/entry/push-token';
import { describe, expect, it } from 'vitest';

const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const theirs = generateKeyPairSync('rsa', { modulusLength: 2048 });
const AUDIENCE = 'https://parse.example';
const ACCOUNT = 'push@p.iam.gserviceaccount.com';
const keys = { k1: ours.publicKey.export({ type: 'spki', format: 'pem' }).toString() };
const check = createTokenCheck({ audience: AUDIENCE, accounts: [ACCOUNT, 'timer@p'] }, () => Promise.resolve(keys));

const now = Math.floor(Date.now() / 1000);
const CLAIMS = {
  iss: 'https://accounts.google.com',
  aud: AUDIENCE,
  email: ACCOUNT,
  email_verified: true,
  iat: now - 10,
  exp: now + 3600,
};

function token(claims: object = {}, header: object = {}, key: KeyObject = ours.privateKey): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1', ...header })}.${part({ ...CLAIMS, ...claims })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

describe('a push token', () => {
  it.each([{}, { email: 'timer@p' }, { iss: 'accounts.google.com' }])('is taken with %j', async (claims) => {
    await expect(check(`Bearer ${token(claims)}`)).resolves.toBeUndefined();
  });

  it.each<[string, string | undefined]>([
    ['is missing', undefined],
    ['is of another scheme', 'Basic YTpi'],
    ['is no token', 'Bearer abc'],
    ['is for another audience', `Bearer ${token({ aud: 'https://else.example' })}`],
    ['is of another issuer', `Bearer ${token({ iss: 'https://evil.example' })}`],
    ['has expired', `Bearer ${token({ iat: now - 8000, exp: now - 4000 })}`],
    ['is valid for ever', `Bearer ${token({ exp: now + 1e8 })}`],
    ['has no end', `Bearer ${token({ exp: undefined })}`],
    ['is signed with another key', `Bearer ${token({}, {}, theirs.privateKey)}`],
    ['names an unknown key', `Bearer ${token({}, { kid: 'k2' })}`],
    ['is not signed', `Bearer ${token({}, { alg: 'none' }).replace(/[^.]*$/, 'AAAA')}`],
  ])('is refused with 401 when it %s', async (_, header) => {
    await expect(check(header)).rejects.toMatchObject({ name: 'Refusal', status: 401 });
  });

  it.each([{ email: 'other@p' }, { email_verified: false }, { email: undefined }])(
    'is refused with 403 with %j',
    async (claims) => {
      await expect(check(`Bearer ${token(claims)}`)).rejects.toMatchObject({ name: 'Refusal', status: 403 });
    },
  );

  it('is never repeated in the refusal', async () => {
    const bad = token({}, {}, theirs.privateKey);
    const error = await check(`Bearer ${bad}`).catch((thrown: unknown) => String(thrown));
    expect(error).toContain('Invalid token signature');
    expect(error).not.toContain(bad.slice(0, 20));
  });

  it('waits for keys that cannot be fetched now: the push is delivered again', async () => {
    const keyless = createTokenCheck({ audience: AUDIENCE, accounts: [ACCOUNT] }, () =>
      Promise.reject(new Error('no')),
    );
    await expect(keyless(`Bearer ${token()}`)).rejects.toMatchObject({ code: 'STORE', retriable: true });
  });
});

describe('the settings of push tokens', () => {
  it('ask for no check without an audience', () => {
    expect(tokenCheckOf(readSettings({}))).toBeUndefined();
  });

  it('must name an account beside the audience', () => {
    expect(() => tokenCheckOf(readSettings({ TAPLINE_PUSH_AUDIENCE: AUDIENCE }))).toThrow(
      /TAPLINE_PUSH_SERVICE_ACCOUNT/,
    );
  });
});
