/** A Kafka broker of a test's own, which it may stop and start as it likes; its data stays until the test ends. */
import { tapline } from './tapline.ts';

export class OwnKafka {
  readonly address: string;
  readonly #where: readonly string[];

  /**
   * @param folder for its data
   * @param portOffset added to the usual ports; no two test files may use the same
   */
  constructor(folder: string, portOffset: number) {
    this.address = `127.0.0.1:${9092 + portOffset}`;
    this.#where = ['--only', 'kafka', '--data', folder, '--port-offset', String(portOffset)];
  }

  async start(): Promise<void> {
    await this.#services('up', ...this.#where);
  }

  async stop(): Promise<void> {
    await this.#services('down', ...this.#where.slice(0, 4));
  }

  async #services(...args: string[]): Promise<void> {
    const { code, stderr } = await tapline('services', ...args);
    if (code !== 0) throw new Error(`tapline services ${args.join(' ')}: ${stderr}`);
  }
}
