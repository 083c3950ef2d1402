/**
 * Who may ask the report, and how often. Stands in front of the API, so that a stranger's request costs a check and never a
 * query. The token comes in the `Authorization` header and nowhere else: without cookies another page can make a reader's
 * browser ask nothing.
 */
import { PipelineError } from '@tapline/core/errors';
import type { SignInWay } from '@tapline/core/report/snapshot';
import { numberSetting, SETTINGS, type Settings } from '@tapline/core/settings/settings';
import { failure, type ReportApi, type ReportRequest, type ReportResponse } from '../stages/report.ts';
import { RateLimit } from '../stages/report/rate-limit.ts';
import type { Caller } from '../stages/report/write-guard.ts';
import { createReaderCheck, ROLES, type ReaderCheck, type Role } from './id-token.ts';
import { meter } from './meter.ts';
import { Refusal } from './refusal.ts';

/** Where the page asks how to sign in. */
export const SIGN_IN_PATH = '/api/v1/sign-in';

export interface Gate {
  /** How readers sign in, and the check of what they send; absent: nobody has to. */
  readonly signIn?: { readonly way: SignInWay; readonly check: ReaderCheck };
  /** Requests a minute of one caller. */
  readonly perMinute: number;
}

/** The gate that the settings ask for. @throws PipelineError USAGE naming the setting that is wrong or missing */
export function gateOf(settings: Settings): Gate {
  const perMinute = numberSetting(settings, 'reportRate', 1);
  const { auth, project, firebaseProject, firebaseApiKey: apiKey } = settings;
  if (auth === 'none') return { perMinute };
  if (auth !== 'firebase') throw new PipelineError('USAGE', `${SETTINGS.auth.name} is ${auth}: use none or firebase`);
  if (apiKey === undefined) {
    throw new PipelineError('USAGE', `${SETTINGS.auth.name}=firebase needs ${SETTINGS.firebaseApiKey.name}`);
  }
  const check = createReaderCheck(firebaseProject ?? project);
  return { perMinute, signIn: { way: { kind: 'firebase', apiKey }, check } };
}

interface Entered {
  /** Whose requests are counted together: an account, or an address where nobody signs in. */
  readonly who: string;
  readonly caller?: Caller;
}

/** The role that a request needs: packets themselves, and whatever is to change something, are for analysts. */
function roleFor({ method, path }: ReportRequest): Role {
  const reads = method === 'GET' || method === 'HEAD';
  return reads && !path.endsWith('/capture.pcapng') ? 'viewer' : 'analyst';
}

/** The API behind the gate. What the gate refuses never reaches the API. */
export function gated(api: ReportApi, gate: Gate, nowMs: () => number = Date.now): ReportApi {
  const limit = new RateLimit(gate.perMinute);
  const enter = async (request: ReportRequest): Promise<Entered> => {
    if (gate.signIn === undefined) return { who: request.address ?? '' };
    const reader = await gate.signIn.check(request.headers?.['authorization']);
    const needed = roleFor(request);
    if (ROLES.indexOf(reader.role) < ROLES.indexOf(needed)) {
      throw new Refusal(403, `this needs the role ${needed}, and yours is ${reader.role}: ask the report's owner`);
    }
    return { who: reader.subject, caller: reader };
  };
  return async (request) => {
    if (request.path === SIGN_IN_PATH && gate.signIn !== undefined) return wayAnswer(gate.signIn.way);
    try {
      const { who, caller } = await enter(request);
      const waitSeconds = limit.take(who, nowMs());
      return waitSeconds === 0 ? await api({ ...request, caller }) : tooMany(waitSeconds);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      meter.add('function.refused', 1);
      return refused(error);
    }
  };
}

const wayAnswer = (way: SignInWay): ReportResponse => ({
  status: 200,
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' },
  body: JSON.stringify(way),
});

function refused({ status, message }: Refusal): ReportResponse {
  const answer = failure(status, status === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN', message);
  // RFC 6750 §3: which scheme is wanted.
  return status === 401 ? { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': 'Bearer' } } : answer;
}

function tooMany(waitSeconds: number): ReportResponse {
  meter.add('function.refused', 1);
  const answer = failure(429, 'TOO_MANY', `too many requests: wait ${waitSeconds} s`);
  return { ...answer, headers: { ...answer.headers, 'Retry-After': String(waitSeconds) } };
}
