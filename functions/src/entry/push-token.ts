/**
 * Checks the token that Pub/Sub and Cloud Scheduler sign their requests with: a second line behind the platform's own
 * check (a service that only its push account may call), for the day that one is configured away.
 */
import { PipelineError } from '@tapline/core/errors';
import type { Settings } from '@tapline/core/settings/settings';
import { Refusal } from './refusal.ts';

/** Public keys or certificates (PEM) by key id. */
export type SigningKeys = Readonly<Record<string, string>>;

export interface TokenRule {
  readonly audience: string;
  /** E-mail addresses of the accounts that may call. */
  readonly accounts: readonly string[];
}

/**
 * Resolves when the `Authorization` header carries a token by the rule.
 * @throws Refusal 401 without a valid token, 403 for another account; PipelineError STORE, retriable, without keys
 */
export type TokenCheck = (authorization: string | undefined) => Promise<void>;

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];

/** The check that the settings ask for, undefined when they ask for none. @throws PipelineError USAGE */
export function tokenCheckOf(settings: Settings): TokenCheck | undefined {
  const { pushAudience: audience, pushServiceAccount } = settings;
  if (audience === undefined) return undefined;
  const accounts = (pushServiceAccount ?? '').split(',').map((account) => account.trim());
  if (accounts.includes('')) {
    throw new PipelineError('USAGE', 'TAPLINE_PUSH_AUDIENCE needs TAPLINE_PUSH_SERVICE_ACCOUNT: who may call');
  }
  return createTokenCheck({ audience, accounts });
}

/** @param keys where the signer's keys come from: Google's, kept for as long as they are valid, unless given */
export function createTokenCheck(rule: TokenRule, keys?: () => Promise<SigningKeys>): TokenCheck {
  let client: Promise<Client> | undefined;
  return async (authorization) => {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refusal(401, 'the request has no token: it must come from the subscription');
    const oauth = await (client ??= createClient());
    const known = await (keys ?? oauth.googleKeys)().catch((cause: unknown) => {
      throw new PipelineError('STORE', 'the keys of push tokens cannot be fetched', { retriable: true, cause });
    });
    const claims = await oauth.verify(token, known, rule.audience);
    if (claims.email_verified !== true || !rule.accounts.includes(claims.email ?? '')) {
      throw new Refusal(403, 'the token is of another account than TAPLINE_PUSH_SERVICE_ACCOUNT');
    }
  };
}

interface Claims {
  readonly email?: string;
  readonly email_verified?: boolean;
}

interface Client {
  readonly googleKeys: () => Promise<SigningKeys>;
  readonly verify: (token: string, keys: SigningKeys, audience: string) => Promise<Claims>;
}

/** Loaded when it is first needed: most deployments leave the check to the platform. */
async function createClient(): Promise<Client> {
  const { OAuth2Client } = await import('google-auth-library');
  const client = new OAuth2Client();
  return {
    googleKeys: async () => (await client.getFederatedSignonCertsAsync()).certs as SigningKeys,
    verify: async (token, keys, audience) => {
      try {
        const ticket = await client.verifySignedJwtWithCertsAsync(token, keys, audience, ISSUERS);
        return ticket.getPayload() ?? {};
      } catch (cause) {
        // What follows the colon repeats the token, which belongs in no log.
        const reason = cause instanceof Error ? cause.message.split(':')[0]! : 'unreadable';
        throw new Refusal(401, `the token is refused: ${reason}`);
      }
    },
  };
}
