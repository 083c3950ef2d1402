/** `tapline capture listen://… --live`: whoever connects is captured, one sender after the other, until Ctrl-C. */
import { decompressed } from '@tapline/adapters/file/plain-bytes';
import { Listener } from '@tapline/adapters/pcap-over-ip/listener';
import type { CaptureSource } from '@tapline/core/pcap/capture-source';

/**
 * Listens until `interrupt`, and awaits `take` for each sender; those that come meanwhile wait their turn. `take` gets an
 * interrupt of its own: what ends one session does not end the next.
 * @throws PipelineError SOURCE when it cannot listen there, and what `take` throws
 */
export async function captureSenders(
  { host, port }: { readonly host: string; readonly port: number },
  interrupt: AbortController,
  warn: (line: string) => void,
  take: (sender: CaptureSource, interrupt: AbortController) => Promise<void>,
): Promise<void> {
  const listener = await Listener.open(host, port);
  warn(`listening on ${listener.address}: each sender is a session of its own, until Ctrl-C`);
  try {
    while (!interrupt.signal.aborted) {
      const own = new AbortController();
      const end = (): void => {
        own.abort(interrupt.signal.reason);
      };
      interrupt.signal.addEventListener('abort', end);
      try {
        const sender = await listener.next(own.signal);
        warn(`${sender.name} sends`);
        await take(decompressed(sender), own);
      } finally {
        interrupt.signal.removeEventListener('abort', end);
      }
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    listener.close();
  }
}
