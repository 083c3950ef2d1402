/** Ctrl-C and SIGTERM for commands that finish what they began. */

/**
 * The first signal asks the command to end in order; the second leaves at once with exit code 130.
 * @param onFirst tells a person what happens now
 * @returns aborted by the first signal; a command may abort it for reasons of its own
 */
export function interruptOnSignal(onFirst?: () => void): AbortController {
  const interrupt = new AbortController();
  let asked = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (asked) process.exit(130);
      asked = true;
      onFirst?.();
      interrupt.abort();
    });
  }
  return interrupt;
}
