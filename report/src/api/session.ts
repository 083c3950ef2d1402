/**
 * The reader's sign-in, when the API asks for one: e-mail and password against Google's Identity Toolkit, by its REST
 * interface, since the page loads no script from elsewhere. The token that opens the API lives in memory; the one that
 * renews it, in the tab's own storage, so that a reload does not sign out and closing the tab does.
 */
import type { SignInWay } from '@tapline/core/report/snapshot';

/** Both are named in connect-src of firebase.json. */
const ACCOUNTS = 'https://identitytoolkit.googleapis.com/v1/accounts';
const TOKENS = 'https://securetoken.googleapis.com/v1/token';

const KEPT_KEY = 'tapline-sign-in';
/** Renewed so long before its end, for the way and for clocks that differ. */
const RENEW_BEFORE_MS = 60_000;
const TIMEOUT_MS = 15_000;

/** Says in a sentence for the reader why signing in failed. */
export class SignInFailure extends Error {
  override readonly name = 'SignInFailure';
}

interface Kept {
  readonly apiKey: string;
  readonly email: string;
  readonly refreshToken: string;
}

const SENTENCES: Readonly<Record<string, string>> = {
  INVALID_LOGIN_CREDENTIALS: 'Address and password do not belong together.',
  INVALID_PASSWORD: 'Address and password do not belong together.',
  EMAIL_NOT_FOUND: 'Address and password do not belong together.',
  INVALID_EMAIL: 'This is no e-mail address.',
  MISSING_PASSWORD: 'Type the password, too.',
  USER_DISABLED: 'This account is switched off: ask the owner of the report.',
  TOO_MANY_ATTEMPTS_TRY_LATER: 'Too many attempts: wait a few minutes, or have a new password sent.',
};

export class Session {
  #kept: Kept | null = readKept();
  #idToken = '';
  #expiresMs = 0;
  #renewing: Promise<void> | null = null;

  /** E-mail address of whoever is signed in. */
  get reader(): string | null {
    return this.#kept?.email ?? null;
  }

  /** What to send as `Authorization`, renewed when it is due; null while nobody is signed in. Throws SignInFailure. */
  async authorization(): Promise<string | null> {
    if (this.#kept === null) return null;
    if (Date.now() > this.#expiresMs - RENEW_BEFORE_MS) {
      this.#renewing ??= this.#renew(this.#kept).finally(() => {
        this.#renewing = null;
      });
      await this.#renewing;
    }
    return this.#idToken === '' ? null : `Bearer ${this.#idToken}`;
  }

  /** Throws SignInFailure. */
  async signIn({ apiKey }: SignInWay, email: string, password: string): Promise<void> {
    const url = `${ACCOUNTS}:signInWithPassword?key=${encodeURIComponent(apiKey)}`;
    const answer = await ask(url, JSON.stringify({ email, password, returnSecureToken: true }), 'application/json');
    const { idToken, refreshToken, expiresIn } = answer;
    if (idToken === undefined || refreshToken === undefined) {
      throw new SignInFailure('This account needs a second factor, which this page does not know.');
    }
    this.#take({ apiKey, email, refreshToken }, idToken, expiresIn);
  }

  /** Has a mail sent with which the reader chooses a new password. Throws SignInFailure. */
  async sendPasswordMail({ apiKey }: SignInWay, email: string): Promise<void> {
    const url = `${ACCOUNTS}:sendOobCode?key=${encodeURIComponent(apiKey)}`;
    await ask(url, JSON.stringify({ requestType: 'PASSWORD_RESET', email }), 'application/json');
  }

  signOut(): void {
    this.#kept = null;
    this.#idToken = '';
    writeKept(null);
  }

  async #renew(kept: Kept): Promise<void> {
    const url = `${TOKENS}?key=${encodeURIComponent(kept.apiKey)}`;
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: kept.refreshToken }).toString();
    try {
      const answer = await ask(url, form, 'application/x-www-form-urlencoded');
      this.#take({ ...kept, refreshToken: answer.refresh_token! }, answer.id_token!, answer.expires_in);
    } catch (error) {
      // Refused for good, unlike a service that cannot be reached: whoever is to read on signs in again.
      if (error instanceof Refused) this.signOut();
      else throw error;
    }
  }

  #take(kept: Kept, idToken: string, expiresInSeconds = '3600'): void {
    this.#kept = kept;
    this.#idToken = idToken;
    this.#expiresMs = Date.now() + Number(expiresInSeconds) * 1000;
    writeKept(kept);
  }
}

/** The service answered, and its answer is no. */
class Refused extends SignInFailure {}

/** The two interfaces name the same things differently. */
interface TokenAnswer {
  readonly idToken?: string;
  readonly refreshToken?: string;
  readonly expiresIn?: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
  readonly expires_in?: string;
}

async function ask(url: string, body: string, type: string): Promise<TokenAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const request = { method: 'POST', headers: { 'Content-Type': type }, body, signal, cache: 'no-store' } as const;
  const response = await fetch(url, request).catch(() => {
    throw new SignInFailure('Cannot reach the sign-in service.');
  });
  const answer = (await response.json().catch(() => ({}))) as TokenAnswer & { error?: { message?: string } };
  if (response.ok) return answer;
  if (response.status >= 500) throw new SignInFailure('The sign-in service failed: try again.');
  const code = answer.error?.message?.split(' ', 1)[0] ?? '';
  throw new Refused(SENTENCES[code] ?? `The sign-in service refused: ${answer.error?.message ?? response.status}`);
}

function readKept(): Kept | null {
  try {
    const { apiKey, email, refreshToken } = JSON.parse(sessionStorage.getItem(KEPT_KEY) ?? '{}') as Partial<Kept>;
    if (apiKey === undefined || email === undefined || refreshToken === undefined) return null;
    return { apiKey, email, refreshToken };
  } catch {
    return null;
  }
}

function writeKept(kept: Kept | null): void {
  try {
    if (kept === null) sessionStorage.removeItem(KEPT_KEY);
    else sessionStorage.setItem(KEPT_KEY, JSON.stringify(kept));
  } catch {
    // Storage may be switched off: then a reload signs out.
  }
}
