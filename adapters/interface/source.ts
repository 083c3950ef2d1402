/**
 * Packets from a network interface, as the bytes of a pcap, through a real tcpdump. Every second the kernel's counters
 * are read, and whether the interface is still there. Asked to end, it first hands on what the kernel had received by then.
 */
import { PipelineError } from '@tapline/core/errors';
import { tcpdumpArguments, unprivilegedUser, type InterfaceCapture } from './capture.ts';
import { DropMeter, type KernelDrop } from './drops.ts';
import { endFailure, startFailure } from './failure.ts';
import { listInterfaces } from './interfaces.ts';
import { Link } from './link-state.ts';
import { Tcpdump } from './tcpdump.ts';
import { resumesWrites } from './version.ts';

const EVERY_MS = 1000;
/** While the end waits for the kernel's buffer. */
const ASK_AGAIN_MS = 100;
/** libpcap hands packets on after a second at the latest. */
const EMPTY_WITHIN_MS = 2000;
/** A tcpdump that writes all the time is told to end while it does, and one that does not end then is ended. */
const IDLE_WITHIN_MS = 1000;
const GONE_WITHIN_MS = 5000;

/**
 * Starts to capture; resolves when packets are being captured.
 * @param warn takes one line at a time for whoever watches: that it begins, and what the network card lost
 * @param signal aborting it ends the capture in order: iterating then ends without an error
 * @throws PipelineError USAGE when there is no tcpdump, no permission, no such interface, or the expression is none;
 *   iterating throws CAPTURE_LOST, after everything that was captured, when the interface goes down or away
 */
export async function openInterface(
  capture: InterfaceCapture,
  signal: AbortSignal,
  warn: (line: string) => void,
): Promise<InterfaceSource> {
  const source = new InterfaceSource(capture, signal, warn);
  await source.start(await resumesWrites());
  const { interface: name, filter } = capture;
  warn(`capturing ${name}${filter === undefined ? '' : ` (${filter})`}; Ctrl-C ends it`);
  return source;
}

export class InterfaceSource implements AsyncIterable<Uint8Array> {
  readonly name: string;
  readonly sizeBytes = undefined;
  bytesRead = 0;
  readonly #capture: InterfaceCapture;
  readonly #signal: AbortSignal;
  readonly #warn: (line: string) => void;
  readonly #tcpdump: Tcpdump;
  readonly #drops = new DropMeter();
  readonly #link: Link;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Whether its counters may be asked for at any time. */
  #mayAsk = false;
  /** Whether we wait for it. A signal that meets it while it waits for us may tear a packet apart. */
  #isWaiting = true;
  #chunks = 0;
  /** What it is told when it has nothing to write. */
  #due: (() => void) | undefined;
  #isEnding = false;
  #isStopping = false;
  /** Packets that the kernel had for us when the end was asked for. */
  #wantedAtEnd: number | undefined;
  #fault: PipelineError | undefined;

  constructor(capture: InterfaceCapture, signal: AbortSignal, warn: (line: string) => void) {
    this.#warn = warn;
    this.name = capture.interface;
    this.#capture = capture;
    this.#signal = signal;
    const args = tcpdumpArguments(capture, unprivilegedUser());
    this.#link = new Link(capture.interface);
    this.#tcpdump = new Tcpdump(args, () => {
      this.#counted();
    });
  }

  /**
   * Resolves when packets are being captured.
   * @param mayAsk whether this tcpdump may be asked for its counters while it waits to write
   */
  async start(mayAsk: boolean): Promise<void> {
    this.#mayAsk = mayAsk;
    const cancel = (): void => {
      this.#tcpdump.kill();
    };
    this.#signal.addEventListener('abort', cancel);
    const hasStarted = await this.#tcpdump.started;
    this.#signal.removeEventListener('abort', cancel);
    if (this.#signal.aborted) {
      this.#tcpdump.kill();
      throw new PipelineError('CAPTURE_LOST', `stopped before the capture of ${this.name} began`);
    }
    if (!hasStarted) {
      const known = (await listInterfaces()).map(({ name }) => name);
      throw startFailure(await this.#failed(known));
    }
    this.#signal.addEventListener('abort', this.#end);
    this.#timers.push(setInterval(this.#watch.bind(this), EVERY_MS));
    const { durationMs } = this.#capture;
    if (durationMs !== undefined) this.#timers.push(setTimeout(this.#end, durationMs));
  }

  /** What was lost since the last call. */
  takeDrops(): readonly KernelDrop[] {
    return this.#drops.take();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#tcpdump.packets as AsyncIterable<Uint8Array>) {
        this.#isWaiting = false;
        this.#chunks += 1;
        this.bytesRead += chunk.length;
        yield chunk;
        this.#isWaiting = true;
        this.#sayWhenIdle();
      }
      const failed = await this.#failed([]);
      this.#fault ??= this.#isEnding || this.#isCountReached ? undefined : (this.#lost() ?? endFailure(failed));
      this.#countTheRest();
      this.#tellOfTheCard();
      if (this.#fault !== undefined) throw this.#fault;
    } finally {
      this.#timers.forEach(clearTimeout);
      this.#signal.removeEventListener('abort', this.#end);
      // Nobody reads any more; does nothing when it has ended.
      this.#tcpdump.kill();
    }
  }

  get #isCountReached(): boolean {
    const { count } = this.#capture;
    return count !== undefined && this.#tcpdump.statistics.captured >= count;
  }

  /** Says `say` once tcpdump has nothing to write; what was to be said before and was not is forgotten. */
  #whenIdle(say: () => void): void {
    this.#due = say;
    this.#sayWhenIdle();
  }

  #sayWhenIdle(): void {
    if (this.#due === undefined || !this.#isWaiting) return;
    const before = this.#chunks;
    // Two turns, so that whatever it had written before would have come in between.
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#isWaiting || this.#chunks !== before) return;
        const due = this.#due;
        this.#due = undefined;
        due?.();
      }),
    );
  }

  #ask(): void {
    const ask = (): void => {
      this.#tcpdump.ask();
    };
    if (this.#mayAsk) ask();
    else this.#whenIdle(ask);
  }

  #watch(): void {
    if (this.#isEnding) return;
    this.#fault = this.#lost();
    if (this.#fault === undefined) this.#ask();
    else this.#end();
  }

  #lost(): PipelineError | undefined {
    const state = this.#link.state;
    if (state === undefined || state === 'up') return undefined;
    const went = state === 'down' ? 'went down' : 'is gone';
    return new PipelineError('CAPTURE_LOST', `the interface ${went} while it was captured`);
  }

  /** Ends the capture once the kernel's buffer is empty: what comes from now on is not waited for. */
  readonly #end = (): void => {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#ask();
    const again = setInterval(this.#ask.bind(this), ASK_AGAIN_MS);
    this.#timers.push(again);
    this.#timers.push(setTimeout(this.#stop.bind(this), EMPTY_WITHIN_MS));
  };

  #stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#timers.forEach(clearTimeout);
    const stop = (): void => {
      this.#tcpdump.stop();
    };
    this.#whenIdle(stop);
    this.#timers.push(setTimeout(stop, IDLE_WITHIN_MS));
    const kill = (): void => {
      this.#tcpdump.kill();
    };
    this.#timers.push(setTimeout(kill, GONE_WITHIN_MS));
  }

  #counted(): void {
    const { statistics } = this.#tcpdump;
    this.#drops.read(statistics.dropped, Date.now() * 1000);
    if (!this.#isEnding) return;
    this.#wantedAtEnd ??= statistics.captured + statistics.unread;
    if (statistics.captured >= this.#wantedAtEnd) this.#stop();
  }

  /** What an interface that went away left in the kernel's buffer was received, and nobody can read it any more. */
  #countTheRest(): void {
    if (this.#fault === undefined || process.platform !== 'linux') return;
    const { dropped, unread } = this.#tcpdump.statistics;
    this.#drops.read(dropped + unread, Date.now() * 1000);
  }

  #tellOfTheCard(): void {
    const lost = this.#tcpdump.statistics.droppedByInterface;
    if (lost === 0) return;
    this.#warn(
      `the network card of ${this.name} dropped ${lost} packets, which no book has: larger ring buffers (ethtool -G)`,
    );
  }

  async #failed(known: readonly string[]): Promise<Parameters<typeof startFailure>[0]> {
    const ending = await this.#tcpdump.ended;
    const { filter } = this.#capture;
    return { interface: this.name, filter, lines: this.#tcpdump.lines, ending, known };
  }
}
