/** Asks the report API, as whoever is signed in, remembering ETags so that an unchanged answer costs a few bytes. */
import type { ApiError, SignInWay } from '@tapline/core/report/snapshot';
import { Session } from './session.ts';

/** Where the API lives, relative to the page: the same origin in the product and on Firebase Hosting. */
const BASE = 'api/v1/';
/** The scorecard, which the build puts beside the page. */
export const SCORECARD_FILE = '../../scorecard.json';
const REMEMBERED = 40;
const TIMEOUT_MS = 15_000;

/** Where the browser downloads the frames behind an alert. */
export function downloadAddress(alertId: string): string {
  return `${BASE}alerts/${encodeURIComponent(alertId)}/capture.pcapng`;
}

/** A file that the API handed out. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  /** Whether the server said so; otherwise nobody knows what it did. */
  readonly answered: boolean;

  constructor(message: string, answered = true) {
    super(message);
    this.answered = answered;
  }
}

/** Whoever reads, where somebody has to sign in. All throw ApiFailure, or SignInFailure. */
export interface Account {
  /** E-mail address of whoever is signed in. */
  reader(): string | null;
  signIn(email: string, password: string): Promise<void>;
  sendPasswordMail(email: string): Promise<void>;
  signOut(): void;
}

/** Where the page has its answers from: the API, or a report that was saved. Both throw ApiFailure. */
export interface ReportSource {
  /** When it was saved, milliseconds since 1970; null = it is not saved, but asked for. */
  readonly savedMs: number | null;
  /** What a saved report does not hold, in words. */
  readonly leftOut: readonly string[];
  /** null = nobody has to sign in. */
  readonly account: Account | null;
  get(address: string): Promise<unknown>;
  /** Sends JSON and gives the answer back. */
  post(address: string, body: object): Promise<unknown>;
  /** The frames behind an alert, as whoever is signed in. @param onBytes called with the bytes that have come so far */
  downloadCapture(alertId: string, onBytes: (receivedBytes: number) => void): Promise<NamedBlob>;
}

/** The API does not know who asks, or does not let them read. */
export class SignInNeeded extends ApiFailure {}

interface Kept {
  readonly etag: string;
  readonly value: unknown;
}

/** The path of a request with the parameters that are set, in a fixed order, so that equal questions share an address. */
export function apiAddress(path: string, parameters: Readonly<Record<string, string | number | null>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

const messageOf = async (response: Response): Promise<string> => {
  try {
    const { error } = (await response.json()) as ApiError;
    return error.message;
  } catch {
    return `The server answered ${response.status}.`;
  }
};

/** Passes on what comes, and says how much that was. */
function counting(onBytes: (receivedBytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let receivedBytes = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      onBytes((receivedBytes += chunk.length));
      controller.enqueue(chunk);
    },
  });
}

/** One client for the page. `get` and `post` throw ApiFailure, or SignInFailure, with a sentence for the reader. */
export class ApiClient implements ReportSource {
  readonly savedMs = null;
  readonly leftOut = [];
  readonly account: Account = {
    reader: () => this.session.reader,
    signIn: async (email, password) => this.session.signIn(await this.signInWay(), email, password),
    sendPasswordMail: async (email) => this.session.sendPasswordMail(await this.signInWay(), email),
    signOut: () => {
      this.session.signOut();
      // What was answered to the reader is kept no longer.
      this.kept.clear();
    },
  };
  private readonly session = new Session();
  private readonly kept = new Map<string, Kept>();

  async get(address: string): Promise<unknown> {
    const known = this.kept.get(address);
    const headers = { ...(await this.authorization()), ...(known && { 'If-None-Match': known.etag }) };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // The browser's own cache would hide the 304 and keep every answer on disk.
    const response = await fetch(BASE + address, { headers, signal, cache: 'no-store' }).catch(() => {
      throw new ApiFailure('Cannot reach the server.');
    });
    if (response.status === 304 && known !== undefined) return known.value;
    if (response.status === 401 || response.status === 403) throw new SignInNeeded(await messageOf(response));
    if (!response.ok) throw new ApiFailure(await messageOf(response));
    const value: unknown = await response.json();
    this.keep(address, response.headers.get('ETag'), value);
    return value;
  }

  async post(address: string, body: object): Promise<unknown> {
    const response = await fetch(BASE + address, {
      method: 'POST',
      // A foreign page cannot send the last: the server asks for it.
      headers: { ...(await this.authorization()), 'Content-Type': 'application/json', 'X-Tapline-Write': '1' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    }).catch(() => {
      throw new ApiFailure('Cannot reach the server.', false);
    });
    if (!response.ok) throw new ApiFailure(await messageOf(response));
    return response.json();
  }

  async downloadCapture(alertId: string, onBytes: (receivedBytes: number) => void): Promise<NamedBlob> {
    const headers = await this.authorization();
    // Without a time limit: a large file takes its time.
    const response = await fetch(downloadAddress(alertId), { headers, cache: 'no-store' }).catch(() => {
      throw new ApiFailure('cannot reach the server.');
    });
    if (response.status === 401) throw new SignInNeeded(await messageOf(response));
    if (!response.ok || response.body === null) throw new ApiFailure(await messageOf(response));
    const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
    const blob = new Response(response.body.pipeThrough(counting(onBytes))).blob().catch(() => {
      throw new ApiFailure('the connection broke off; try again.');
    });
    return { name: name ?? 'tapline.pcapng', blob: await blob };
  }

  private async authorization(): Promise<Record<string, string>> {
    const authorization = await this.session.authorization();
    return authorization === null ? {} : { Authorization: authorization };
  }

  private async signInWay(): Promise<SignInWay> {
    return (await this.get('sign-in')) as SignInWay;
  }

  private keep(address: string, etag: string | null, value: unknown): void {
    this.kept.delete(address);
    if (etag !== null) this.kept.set(address, { etag, value });
    const oldest = this.kept.keys().next();
    if (this.kept.size > REMEMBERED && oldest.done !== true) this.kept.delete(oldest.value);
  }
}
