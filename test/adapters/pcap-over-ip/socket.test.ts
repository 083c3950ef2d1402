import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { FirstSender, Listener } from '@tapline/adapters/pcap-over-ip/listener';
import { connectToSender } from '@tapline/adapters/pcap-over-ip/socket-source';
import { PipelineError } from '@tapline/core/errors';
import { until } from '../../helpers/until.ts';

const opened: (Server | Listener)[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

async function sender(send: (socket: Socket) => void): Promise<number> {
  const server = createServer(send).listen(0, '127.0.0.1');
  opened.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function listen(): Promise<{ listener: Listener; port: number }> {
  const listener = await Listener.open('127.0.0.1', 0);
  opened.push(listener);
  return { listener, port: Number(listener.address.split(':')[1]) };
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of source) parts.push(Uint8Array.from(chunk));
  return Buffer.concat(parts).toString();
}

describe('a sender that is connected to', () => {
  it('is read until it closes', async () => {
    const source = await connectToSender('127.0.0.1', await sender((socket) => socket.end('all of it')));
    expect(await bytesOf(source)).toBe('all of it');
    expect(source.bytesRead).toBe(9);
    expect(source.sizeBytes).toBeUndefined();
  });

  it('that is not there is said so in one line', async () => {
    await expect(connectToSender('127.0.0.1', 1)).rejects.toThrow(
      /^cannot read tcp:\/\/127\.0\.0\.1:1: nobody answers at 127\.0\.0\.1:1$/,
    );
    await expect(connectToSender('::1', 1)).rejects.toThrow(/^cannot read tcp:\/\/\[::1\]:1: /);
    await expect(connectToSender('nowhere.invalid', 1)).rejects.toThrow(
      /no host of the name nowhere\.invalid is known$/,
    );
  });

  it('that breaks off is a fault naming the byte', async () => {
    const port = await sender((socket) => socket.write('some', () => setTimeout(() => socket.resetAndDestroy(), 50)));
    const source = await connectToSender('127.0.0.1', port);
    await expect(bytesOf(source)).rejects.toThrow(/^the connection broke at byte 4 \(.*ECONNRESET.*\)$/);
  });

  it('and says nothing is let go with the reason of the signal', async () => {
    const abort = new AbortController();
    const source = await connectToSender('127.0.0.1', await sender(() => undefined), abort.signal);
    const reading = bytesOf(source);
    setImmediate(() => {
      abort.abort(new Error('enough'));
    });
    await expect(reading).rejects.toThrow('enough');
  });

  it('is held back by its own socket while nobody reads', async () => {
    const bytes = Buffer.alloc(64 * 1024 * 1024, 'capture');
    let socket: Socket | undefined;
    const port = await sender((accepted) => {
      socket = accepted.on('error', () => undefined);
      let at = 0;
      const more = (): void => {
        if (at >= bytes.length) accepted.end();
        else accepted.write(bytes.subarray(at, (at += 65_536)), more);
      };
      more();
    });
    const chunks = (await connectToSender('127.0.0.1', port))[Symbol.asyncIterator]();
    const first = await chunks.next();
    let read = first.done === true ? 0 : first.value.length;
    let sent = -1;
    while (sent !== socket!.bytesWritten) {
      sent = socket!.bytesWritten;
      await sleep(200);
    }
    expect(sent).toBeLessThan(bytes.length / 2);
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) read += next.value.length;
    expect(read).toBe(bytes.length);
  });
});

describe('Listener', () => {
  it('takes senders in the order in which they come, those that are gone by then too', async () => {
    const { listener, port } = await listen();
    for (const said of ['first', 'second', 'third']) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.end(said);
      await once(socket, 'finish');
    }
    const heard: string[] = [];
    for (let turn = 0; turn < 3; turn++) heard.push(await bytesOf(await listener.next()));
    expect(heard).toEqual(['first', 'second', 'third']);
  });

  it('turns away more than wait for their turn', async () => {
    const { port } = await listen();
    let closed = 0;
    const sockets = Array.from({ length: 20 }, () =>
      connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .on('close', () => void (closed += 1))
        .resume(),
    );
    await until('four are turned away', () => closed === 4);
    for (const socket of sockets) socket.destroy();
  });

  it('waits no longer when it is told to', async () => {
    const { listener } = await listen();
    const abort = new AbortController();
    const waiting = listener.next(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('says in one line why it cannot listen', async () => {
    const { port } = await listen();
    await expect(Listener.open('127.0.0.1', port)).rejects.toThrow(
      /^cannot listen on 127\.0\.0\.1:\d+: another program listens there$/,
    );
    await expect(Listener.open('192.0.2.1', 0)).rejects.toThrow(PipelineError);
  });
});

describe('FirstSender', () => {
  it('lets nobody in after the first', async () => {
    const { listener, port } = await listen();
    const source = new FirstSender(listener, undefined);
    const reading = bytesOf(source);
    const first = connect(port, '127.0.0.1');
    first.write('one');
    await until('the first is read', () => source.bytesRead === 3);
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    first.end();
    expect(await reading).toBe('one');
  });
});
