/** Receipts of the bridge: which batches went through it, for the ledger (core/src/ledger/control-message.ts). */
import { encodeControlMessage } from '@tapline/core/ledger/control-message';
import type { HopEntry } from '@tapline/core/ports';
import type { BridgeItem } from './bridge-item.ts';

/** Entries in one message: some 100 KB. */
const ENTRIES_PER_MESSAGE = 500;

/**
 * The messages that acknowledge the batches of `items`, few and in order. Raw blocks have none: how many packets they
 * hold nobody knows before parse.
 */
export function receiptMessages(items: readonly BridgeItem[]): Uint8Array[] {
  const entries = items.flatMap((item): HopEntry[] => {
    if (item.kind !== 'batch') return [];
    const { sensor, session, sequence, count, wireBytes, malformed } = item.header;
    return [
      { sensor, session, sequence, hop: 'bridged', packets: count, bytes: wireBytes, malformed, minutes: item.minutes },
    ];
  });
  const messages: Uint8Array[] = [];
  for (let at = 0; at < entries.length; at += ENTRIES_PER_MESSAGE) {
    const part = entries.slice(at, at + ENTRIES_PER_MESSAGE);
    messages.push(Buffer.from(encodeControlMessage({ kind: 'receipt', entries: part })));
  }
  return messages;
}
