/** Passes on the frames that a BPF expression selects: the real libpcap decides, in a tcpdump of its own. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { PipelineError } from '@tapline/core/errors';
import { CaptureReader } from '@tapline/core/pcap/capture-reader';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import { PcapWriter } from '@tapline/core/pcap/pcap-writer';
import { StreamOutlet } from './outlet.ts';

/** Of tcpdump's complaints. */
const STDERR_LIMIT = 4096;

export class BpfFrames implements FrameSink {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #writer: PcapWriter;
  readonly #outlet: StreamOutlet;
  readonly #received: Promise<void>;
  readonly #exited: Promise<number | null>;
  #complaint = '';

  /**
   * @param expression as tcpdump takes it
   * @param sink gets the selected frames, in order
   * @param drained awaited after each piece that the sink got
   */
  constructor(expression: string, sink: FrameSink, drained: () => Promise<void>) {
    const args = ['-n', '--time-stamp-precision=nano', '-r', '-', '-w', '-', '--', expression];
    // In a group of its own: Ctrl-C is for us, who then end it by ending its input.
    this.#child = spawn('tcpdump', args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const { stdin, stdout, stderr } = this.#child;
    // It leaves early when it does not understand the expression; its exit says so.
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-STDERR_LIMIT);
    });
    this.#outlet = new StreamOutlet(stdin);
    this.#writer = new PcapWriter((bytes) => {
      this.#outlet.write(bytes);
    }, '--filter cannot search them together, narrow the time');
    this.#exited = this.#exit();
    this.#received = receive(stdout, sink, drained);
    // Both are awaited in `finish`; until then nobody looks.
    for (const promise of [this.#exited, this.#received]) promise.catch(() => undefined);
  }

  frame(...frame: Parameters<FrameSink['frame']>): void {
    this.#writer.frame(...frame);
  }

  /** Whether tcpdump takes no more: `finish` says why. */
  get ended(): boolean {
    return this.#child.stdin.destroyed;
  }

  /** Waits until tcpdump has room again. */
  drain(): Promise<void> {
    return this.#outlet.drain();
  }

  /**
   * Ends tcpdump's input and waits for the last frame.
   * @throws PipelineError USAGE when there is no tcpdump or it does not understand the expression
   */
  async finish(): Promise<void> {
    this.#writer.flush();
    this.#child.stdin.end();
    const code = await this.#exited;
    if (code !== 0) {
      const line = this.#complaint.trimEnd().split('\n').at(-1) ?? '';
      throw new PipelineError('USAGE', `--filter: ${line === '' ? 'tcpdump failed without a word' : line}`);
    }
    await this.#received;
  }

  /** Ends tcpdump because something else failed. */
  abandon(): void {
    this.#child.stdin.destroy();
    this.#child.kill();
  }

  async #exit(): Promise<number | null> {
    try {
      const [code] = (await once(this.#child, 'exit')) as [number | null];
      return code;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const problem = code === 'ENOENT' ? 'needs tcpdump, which is not installed (or not in PATH)' : message;
      throw new PipelineError('USAGE', `--filter ${problem}`, { cause });
    }
  }
}

async function receive(stdout: Readable, sink: FrameSink, drained: () => Promise<void>): Promise<void> {
  const reader = new CaptureReader(sink);
  for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
    reader.feed(chunk);
    await drained();
  }
  reader.end();
}
