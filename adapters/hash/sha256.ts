/** SHA-256 from Node's crypto, whole and in pieces. */
import { createHash } from 'node:crypto';
import type { HashSink, Sha256 } from '@tapline/core/ports';

export const sha256: Sha256 = (text) => createHash('sha256').update(text).digest('hex');

export function newHash(): HashSink {
  const hash = createHash('sha256');
  return {
    update: (part) => {
      hash.update(part);
    },
    hex: () => hash.digest('hex'),
  };
}
