/** Opens a bucket for those who have one: whoever has none is not to have the memory of its client. */
import type { Bucket } from '@tapline/adapters/cloud-storage/bucket';

/**
 * @param address `gs://BUCKET/PREFIX`; STORAGE_EMULATOR_HOST points it at an emulator
 * @throws PipelineError USAGE when that is none; nothing is asked for yet
 */
export async function openBucket(address: string, use: 'read' | 'write'): Promise<Bucket> {
  const { Bucket: Opened } = await import('@tapline/adapters/cloud-storage/bucket');
  return new Opened(address, { use, emulator: process.env['STORAGE_EMULATOR_HOST'] });
}
