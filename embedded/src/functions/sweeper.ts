/** What Cloud Scheduler does in the cloud: asks the window function, now and then, to look after what no message brings. */

export class Sweeper {
  readonly #url: string;
  readonly #tell: (problem: string) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #ending = new AbortController();
  #sweep: Promise<void> | undefined;

  /**
   * @param url of the window function
   * @param tell hears of a sweep that failed; the next one is tried all the same
   */
  constructor(url: string, everyMs: number, tell: (problem: string) => void) {
    this.#url = url;
    this.#tell = tell;
    this.#timer = setInterval(() => {
      // One that takes longer than the interval is not overtaken by the next.
      this.#sweep ??= this.#post().finally(() => (this.#sweep = undefined));
    }, everyMs);
  }

  /** No sweep begins after this; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort();
    await this.#sweep;
  }

  async #post(): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"sweep":true}',
        signal: this.#ending.signal,
      });
      if (!response.ok) this.#tell(`the sweep was answered with ${response.status}`);
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#tell(`the sweep failed: ${String(error)}`);
    }
  }
}
