/**
 * Lets somebody read the report, or no longer: makes the account when there is none, sets its role (the custom claim that
 * functions/src/entry/id-token.ts asks for) and has the mail sent with which the reader chooses a password. As the person
 * who is logged in to gcloud; with FIREBASE_AUTH_EMULATOR_HOST, on the emulator.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ROLE_CLAIM, ROLES } from '@tapline/functions/entry/id-token';

const HELP = `npm run reader -- ADDRESS ROLE --project PROJECT

Lets the owner of an e-mail address read the report. ROLE: ${ROLES.join(', ')}, or none to take it away.
A viewer reads everything; an analyst also works on alerts (acknowledge, note, mute) and downloads packets.
What is taken away ends with the token that is in use, within an hour.

  --project PROJECT  project whose accounts sign in (default: GOOGLE_CLOUD_PROJECT)
  --help             this text
`;

interface Account {
  readonly localId: string;
  /** JSON text of the custom claims. */
  readonly customAttributes?: string;
}

/** One call of the Identity Toolkit's interface for administrators. Throws Error with the service's reason. */
type Call = (method: string, body: object) => Promise<{ users?: Account[]; localId?: string }>;

function callerOf(project: string): Call {
  const emulator = process.env['FIREBASE_AUTH_EMULATOR_HOST'];
  const base = emulator === undefined ? 'https:/' : `http://${emulator}`;
  const token =
    emulator === undefined ? execFileSync('gcloud', ['auth', 'print-access-token'], { encoding: 'utf8' }) : 'owner';
  const headers = {
    Authorization: `Bearer ${token.trim()}`,
    'Content-Type': 'application/json',
    'X-Goog-User-Project': project,
  };
  return async (method, body) => {
    const url = `${base}/identitytoolkit.googleapis.com/v1/projects/${encodeURIComponent(project)}/accounts${method}`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as Awaited<ReturnType<Call>> & { error?: { message?: string } };
    if (!response.ok) throw new Error(answer.error?.message ?? `the service answered ${response.status}`);
    return answer;
  };
}

/** Sets the role of the account of `email`; undefined takes it away. Resolves with what was done, in a line. */
async function setRole(call: Call, email: string, role: string | undefined): Promise<string> {
  const known = (await call(':lookup', { email: [email] })).users?.[0];
  if (known === undefined && role === undefined) return `${email} has no account: nothing to do`;
  const account = known ?? { localId: (await call('', { email })).localId! };
  const before = JSON.parse(account.customAttributes ?? '{}') as Record<string, unknown>;
  // What is undefined is left out of the text: the account's other claims stay.
  const claims = { ...before, [ROLE_CLAIM]: role };
  // Without a role nobody is to renew a token that still has one.
  const revoked = role === undefined ? { validSince: String(Math.floor(Date.now() / 1000)) } : {};
  await call(':update', { localId: account.localId, customAttributes: JSON.stringify(claims), ...revoked });
  if (role === undefined) return `${email} may not read the report any more`;
  if (known !== undefined) return `${email} is ${role}, from the next sign-in or within an hour`;
  await call(':sendOobCode', { requestType: 'PASSWORD_RESET', email });
  return `${email} is ${role}; a mail is on its way with which to choose a password`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { project: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const [email = '', role = '', ...more] = positionals;
  const project = values.project ?? process.env['GOOGLE_CLOUD_PROJECT'] ?? '';
  const isRole = role === 'none' || ROLES.some((name) => name === role);
  if (!/^[^@\s]+@[^@\s]+$/.test(email) || !isRole || more.length > 0 || project === '') {
    process.stderr.write(
      `reader: name an e-mail address, a role (${ROLES.join(', ')} or none) and --project; see --help\n`,
    );
    return 2;
  }
  process.stdout.write(`${await setRole(callerOf(project), email, role === 'none' ? undefined : role)}\n`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`reader: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof TypeError && 'code' in error ? 2 : 1;
}
