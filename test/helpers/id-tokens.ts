/** ID tokens as Firebase Authentication makes them, signed with a key of ours whose public half a local server gives out. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll } from 'vitest';

export const PROJECT = 'demo-tapline';
const ours = await generateKeyPair('RS256');

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** What such a token says; `undefined` leaves a claim out. */
export const claims = (changes: object = {}): Record<string, unknown> => ({
  iss: `https://securetoken.google.com/${PROJECT}`,
  aud: PROJECT,
  sub: 'reader-1',
  auth_time: nowSeconds() - 20,
  iat: nowSeconds() - 10,
  exp: nowSeconds() + 3590,
  tapline: 'viewer',
  ...changes,
});

/** Signs the claims as they are. */
export function sign(payload: Record<string, unknown>, key = ours.privateKey, kid = 'k1'): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(key);
}

/** Gives the public key until the test file ends; resolves with its address. */
export async function serveKeys(): Promise<{ readonly url: string; readonly asked: () => number }> {
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  afterAll(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, asked: () => requests };
}
