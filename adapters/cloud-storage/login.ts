/** As whom Cloud Storage is asked, with no more rights than the task needs. */
import { GoogleAuth } from 'google-auth-library';
import { PipelineError } from '@tapline/core/errors';

const SCOPES = {
  read: 'https://www.googleapis.com/auth/devstorage.read_only',
  write: 'https://www.googleapis.com/auth/devstorage.read_write',
} as const;

export const DENIED_HINT =
  'log in with gcloud auth application-default login, or name a key in GOOGLE_APPLICATION_CREDENTIALS';

/**
 * The login's header, each time it is asked for: tokens expire. Empty when this machine has no login: then Cloud Storage is
 * asked as anybody.
 */
export function storageLogin(use: keyof typeof SCOPES): () => Promise<Record<string, string>> {
  const auth = new GoogleAuth({ scopes: SCOPES[use] });
  let token = (): Promise<string | null | undefined> => auth.getAccessToken();
  return async () => {
    const login = await token().catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (!/could not load the default credentials/i.test(reason)) {
        throw new PipelineError('SOURCE', `cannot log in to Cloud Storage: ${reason}`, { cause });
      }
      // Looking for a login takes seconds where there is none.
      token = () => Promise.resolve(undefined);
      return undefined;
    });
    return login == null ? {} : { authorization: `Bearer ${login}` };
  };
}

/** What STORAGE_EMULATOR_HOST names, `host:port` or a URL, without a slash at its end. Throws PipelineError USAGE. */
export function emulatorBase(emulator: string): string {
  const base = (emulator.includes('://') ? emulator : `http://${emulator}`).replace(/\/$/, '');
  if (!URL.canParse(base)) throw new PipelineError('USAGE', `STORAGE_EMULATOR_HOST=${emulator} is no address`);
  return base;
}
