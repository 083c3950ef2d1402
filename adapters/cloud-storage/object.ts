/** Where an object of Cloud Storage is downloaded from, and as whom. */
import { GoogleAuth } from 'google-auth-library';
import { PipelineError } from '@tapline/core/errors';

export interface StorageObject {
  readonly url: URL;
  /** The login, when this machine has one; else the object is read as anybody. */
  readonly headers: () => Promise<Record<string, string>>;
  readonly deniedHint: string;
}

const READ_ONLY = 'https://www.googleapis.com/auth/devstorage.read_only';

/**
 * @param address `gs://bucket/object`
 * @param emulator STORAGE_EMULATOR_HOST: `host:port` or a URL; there is no login then
 * @throws PipelineError USAGE when that names no object
 */
export function storageObject(address: string, emulator: string | undefined): StorageObject {
  const [, bucket, object] = /^gs:\/\/([a-z0-9][a-z0-9._-]+)\/(.+)$/i.exec(address) ?? [];
  if (bucket === undefined || object === undefined) {
    throw new PipelineError('USAGE', `${address} is no object of Cloud Storage: use gs://BUCKET/OBJECT`);
  }
  const path = `${bucket}/${object.split('/').map(encodeURIComponent).join('/')}`;
  const deniedHint =
    'log in with gcloud auth application-default login, or name a key in GOOGLE_APPLICATION_CREDENTIALS';
  // Without it, an object stored as gzip is decompressed on the way, and cannot be read from its middle.
  const asStored = { 'accept-encoding': 'gzip' };
  if (emulator !== undefined && emulator !== '') {
    const base = emulator.includes('://') ? emulator : `http://${emulator}`;
    const url = URL.parse(`${base.replace(/\/$/, '')}/${path}`);
    if (url === null) throw new PipelineError('USAGE', `STORAGE_EMULATOR_HOST=${emulator} is no address`);
    return { url, headers: () => Promise.resolve(asStored), deniedHint };
  }
  const auth = new GoogleAuth({ scopes: READ_ONLY });
  let token = (): Promise<string | null | undefined> => auth.getAccessToken();
  return {
    url: new URL(`https://storage.googleapis.com/${path}`),
    headers: async () => {
      const login = await token().catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        if (!/could not load the default credentials/i.test(reason)) {
          throw new PipelineError('SOURCE', `cannot log in to Cloud Storage: ${reason}`, { cause });
        }
        // Looking for a login takes seconds where there is none.
        token = () => Promise.resolve(undefined);
        return undefined;
      });
      return login == null ? asStored : { ...asStored, authorization: `Bearer ${login}` };
    },
    deniedHint,
  };
}
