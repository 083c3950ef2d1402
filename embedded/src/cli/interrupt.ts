/** Ctrl-C and SIGTERM for commands that end what they began to print. */

/** First Ctrl-C: what was read is printed, and the document ended. Second: leave at once. */
export function interruptOnSignal(): AbortSignal {
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
    });
  }
  return interrupt.signal;
}
