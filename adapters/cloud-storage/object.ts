/** Where an object of Cloud Storage is downloaded from, and as whom. */
import { PipelineError } from '@tapline/core/errors';
import { DENIED_HINT, emulatorBase, storageLogin } from './login.ts';

export interface StorageObject {
  readonly url: URL;
  /** The login, when this machine has one; else the object is read as anybody. */
  readonly headers: () => Promise<Record<string, string>>;
  readonly deniedHint: string;
}

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
  // Without it, an object stored as gzip is decompressed on the way, and cannot be read from its middle.
  const asStored = { 'accept-encoding': 'gzip' };
  if (emulator !== undefined && emulator !== '') {
    const url = new URL(`${emulatorBase(emulator)}/${path}`);
    return { url, headers: () => Promise.resolve(asStored), deniedHint: DENIED_HINT };
  }
  const login = storageLogin('read');
  return {
    url: new URL(`https://storage.googleapis.com/${path}`),
    headers: async () => ({ ...asStored, ...(await login()) }),
    deniedHint: DENIED_HINT,
  };
}
