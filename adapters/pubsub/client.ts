/**
 * How every part of Tapline reaches Pub/Sub: the service with the credentials of the machine, or the emulator with none.
 * The emulator is never asked for credentials, so nothing waits for a metadata server that is not there.
 */
import library from '@google-cloud/pubsub';
import type { PubSub } from '@google-cloud/pubsub';
import { PassThroughClient } from 'google-auth-library';
import type { Settings } from '@tapline/core/settings/settings';

/** A client; it connects at its first request. Close it with `client.close()`, after flushing publishers. */
export function makePubSub({ project, pubsubEmulator }: Pick<Settings, 'project' | 'pubsubEmulator'>): PubSub {
  if (pubsubEmulator === undefined) return new library.PubSub({ projectId: project });
  const authClient = new PassThroughClient();
  return new library.PubSub({ projectId: project, apiEndpoint: pubsubEmulator, emulatorMode: true, authClient });
}
