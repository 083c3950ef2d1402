/**
 * A Pub/Sub that has a bad day, between the emulator and a function: every push is delivered one to five times, each after
 * a delay of its own, so that messages overtake each other; what is acknowledged may still come again.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const DELAY_MS = 400;
const DELIVERIES_MOST = 5;

export class UnrulyPush {
  /** Pushes that came from Pub/Sub, and deliveries made of them. */
  pushes = 0;
  deliveries = 0;
  readonly #target: string;
  readonly #server: Server;
  readonly #underWay = new Set<Promise<unknown>>();
  #state: number;

  /** @param seed decides how often and how late each message is delivered */
  constructor(target: string, seed: number) {
    this.#target = target;
    this.#state = seed >>> 0;
    this.#server = createServer((request, response) => {
      void this.#take(request).then(
        (status) => response.writeHead(status).end(),
        () => response.destroy(),
      );
    });
  }

  /** Listens, and returns the URL to push to. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Waits for the deliveries under way, then closes. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Status of the first delivery that was answered; the others go on. */
  async #take(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.pushes += 1;
    const copies = Array.from({ length: 1 + Math.floor(this.#chance() * DELIVERIES_MOST) }, () =>
      this.#deliver(body, this.#chance() * DELAY_MS),
    );
    return Promise.any(copies);
  }

  #deliver(body: Buffer<ArrayBuffer>, delayMs: number): Promise<number> {
    const delivery = (async () => {
      await sleep(delayMs);
      this.deliveries += 1;
      const headers = { 'Content-Type': 'application/json' };
      return (await fetch(this.#target, { method: 'POST', headers, body })).status;
    })();
    this.#underWay.add(delivery);
    const over = (): boolean => this.#underWay.delete(delivery);
    delivery.then(over, over);
    return delivery;
  }

  /** 0 to 1, from a linear congruential generator. */
  #chance(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }
}
