/**
 * Who may write through the report API. A page elsewhere cannot: a request needs a header that browsers send across
 * origins only after asking, and this API never answers that question; it must be JSON; and where the browser says from
 * where it was sent, that must be here.
 */
import type { Clock } from '@tapline/core/ports';
import { Refused, type ReportRequest } from '../report.ts';
import { RateLimit } from './rate-limit.ts';

/** Who asks, as the entry found out. Viewers read; analysts also write. */
export interface Caller {
  /** E-mail of who is signed in, or `local` on the machine itself. */
  readonly name: string;
  readonly role: 'viewer' | 'analyst';
}

/** On loopback whoever reaches the server is the user of this machine. */
export const LOCAL_ANALYST: Caller = { name: 'local', role: 'analyst' };

export const WRITE_HEADER = 'x-tapline-write';
/** Bytes of a body. */
export const BODY_MOST = 16_384;
/** Writes of one caller. */
const PER_MINUTE = 60;

export class WriteGuard {
  readonly #clock: Clock;
  readonly #limit = new RateLimit(PER_MINUTE);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The caller, who may write now. Throws Refused: 401, 403, 413, 415 or 429. */
  admit(request: ReportRequest): Caller {
    refuseForeign(request);
    const { caller } = request;
    if (caller === undefined) throw new Refused(401, 'UNAUTHENTICATED', 'sign in to change anything here');
    if (caller.role !== 'analyst')
      throw new Refused(403, 'FORBIDDEN', `${caller.name} may read, not write: ask for the role analyst`);
    const waitSeconds = this.#limit.take(caller.name, this.#clock.nowUs() / 1000);
    if (waitSeconds > 0) throw new Refused(429, 'TOO_MANY', `too many changes at once: wait ${waitSeconds} s`);
    return caller;
  }
}

function refuseForeign({ headers = {}, body = '' }: ReportRequest): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new Refused(415, 'UNSUPPORTED', 'send JSON: Content-Type: application/json');
  const site = headers['sec-fetch-site'] ?? 'same-origin';
  if (headers[WRITE_HEADER] !== '1' || site !== 'same-origin' || !isOwnOrigin(headers)) {
    throw new Refused(
      403,
      'FORBIDDEN',
      `only the page itself may write: the header ${WRITE_HEADER}: 1, and no other origin`,
    );
  }
  if (body.length > BODY_MOST) throw new Refused(413, 'TOO_LARGE', `the body has more than ${BODY_MOST} bytes`);
}

/** Hosting in front of the function keeps the name that the browser used in x-forwarded-host. */
function isOwnOrigin(headers: Readonly<Record<string, string>>): boolean {
  const { origin } = headers;
  if (origin === undefined) return true;
  const host = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
  return host !== undefined && (host === headers['host'] || host === headers['x-forwarded-host']);
}
