/** Standard output at the speed of whoever reads it. */
import { once } from 'node:events';

/** Writes and empties `pending`, and waits while the reader is behind. */
export async function writeOut(pending: Uint8Array[]): Promise<void> {
  for (const piece of pending.splice(0)) {
    if (piece.length > 0 && !process.stdout.write(piece)) await once(process.stdout, 'drain');
  }
}
