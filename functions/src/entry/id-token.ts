/**
 * Checks the ID token of a reader who signed in with Firebase Authentication (Identity Platform), by the rules that Google
 * gives for servers without its SDK: RS256 under one of the keys of securetoken@system.gserviceaccount.com, issuer and
 * audience of the project, times in order, a subject. Why `jose`: docs/decisions/20261124-report-sign-in.md.
 */
import { PipelineError } from '@tapline/core/errors';
import type * as Jose from 'jose';
import { lazily } from './lazily.ts';
import { Refusal } from './refusal.ts';

/** What a reader may do; each may what those before it may. Set as the custom claim `tapline` of the account. */
export const ROLES = ['viewer', 'analyst'] as const;
export type Role = (typeof ROLES)[number];

/** The custom claim that holds the role. */
export const ROLE_CLAIM = 'tapline';

export interface Reader {
  /** The account's id, of up to 128 characters. */
  readonly subject: string;
  /** E-mail address, or the id of an account that has none. */
  readonly name: string;
  readonly role: Role;
}

/**
 * Who sent the request, by its `Authorization` header.
 * @throws Refusal 401 without a valid token, 403 for an account without a role; PipelineError STORE, retriable, without keys
 */
export type ReaderCheck = (authorization: string | undefined) => Promise<Reader>;

const KEYS = 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com';
/** Of this host and of Google's. */
const CLOCK_TOLERANCE_SECONDS = 10;
/** How long an ID token lives. */
const LIFE_SECONDS = 3600;
const SUBJECT_MAX = 128;

/**
 * @param project whose accounts may sign in
 * @param keys address of the signer's keys (a JSON Web Key Set, RFC 7517): Google's unless given
 */
export function createReaderCheck(project: string, keys = KEYS): ReaderCheck {
  // Loaded with the first request: a function without sign-in never needs it.
  const verifier = lazily(async () => {
    const jose = await import('jose');
    return { jose, keySet: jose.createRemoteJWKSet(new URL(keys)) };
  });
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal(401, 'sign in to read the report');
    const { jose, keySet } = await verifier();
    return readerOf(await claimsOf(jose, token, keySet, project));
  };
}

async function claimsOf(
  jose: typeof Jose,
  token: string,
  keySet: Jose.JWTVerifyGetKey,
  project: string,
): Promise<Jose.JWTPayload> {
  try {
    const { payload } = await jose.jwtVerify(token, keySet, {
      algorithms: ['RS256'],
      issuer: `https://securetoken.google.com/${project}`,
      audience: project,
      requiredClaims: ['sub', 'iat', 'exp', 'auth_time'],
      // Also refuses what was issued in the future.
      maxTokenAge: LIFE_SECONDS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    return payload;
  } catch (cause) {
    if (cause instanceof jose.errors.JWTExpired) throw new Refusal(401, 'the sign-in has expired: sign in again');
    // An unknown key is the caller's fault; every other trouble with the keys is not.
    const isTokens =
      cause instanceof jose.errors.JWTClaimValidationFailed ||
      cause instanceof jose.errors.JWTInvalid ||
      cause instanceof jose.errors.JWSInvalid ||
      cause instanceof jose.errors.JWSSignatureVerificationFailed ||
      cause instanceof jose.errors.JWKSNoMatchingKey ||
      cause instanceof jose.errors.JOSEAlgNotAllowed ||
      cause instanceof jose.errors.JOSENotSupported;
    if (isTokens) throw new Refusal(401, `the sign-in is refused: ${cause.code}`);
    throw new PipelineError('STORE', 'the keys of sign-ins cannot be fetched', { retriable: true, cause });
  }
}

function readerOf(claims: Jose.JWTPayload): Reader {
  const { sub: subject = '', auth_time: authTime } = claims;
  if (subject === '' || subject.length > SUBJECT_MAX) throw new Refusal(401, 'the sign-in is refused: no subject');
  if (typeof authTime !== 'number' || authTime > Date.now() / 1000 + CLOCK_TOLERANCE_SECONDS) {
    throw new Refusal(401, 'the sign-in is refused: signed in in the future');
  }
  const role = ROLES.find((name) => name === claims[ROLE_CLAIM]);
  if (role === undefined) {
    throw new Refusal(403, 'your account may not read this report: ask its owner for the role viewer');
  }
  const { email } = claims;
  return { subject, name: typeof email === 'string' && email !== '' ? email : subject, role };
}
