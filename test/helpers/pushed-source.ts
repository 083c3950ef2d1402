/** A source of bytes that a test feeds by hand, and that is as silent as a pipe until then. */
export class PushedSource implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #wake = Promise.withResolvers<undefined>();

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#wake.resolve(undefined);
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#ended) return;
      else {
        await this.#wake.promise;
        this.#wake = Promise.withResolvers<undefined>();
      }
    }
  }
}
