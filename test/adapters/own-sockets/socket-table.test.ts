/** The kernel's tables of sockets, compared with what Node knows of sockets of its own. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { ProcessList } from '@tapline/adapters/own-sockets/processes';
import { parseEnd, portOf, readSockets, type Socket } from '@tapline/adapters/own-sockets/socket-table';
import { TCP } from '@tapline/core/mirror/own-conversations';
import { parseAddress } from '@tapline/core/packet/address';
import { describe, expect, it } from 'vitest';

const all = (): Socket[] => {
  const found: Socket[] = [];
  readSockets((socket) => found.push(socket));
  return found;
};

describe.runIf(process.platform === 'linux')('the table of sockets', () => {
  it.each(['127.0.0.1', '::1'])('has both ends of a connection over %s, and they are this process’s', async (host) => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect(port, host);
    const [accepted] = (await once(server, 'connection')) as [ReturnType<typeof connect>];
    const { address, port: clientPort } = client.address() as AddressInfo;
    const words = parseAddress(address)!.words;
    const tcp = all().filter(({ protocol }) => protocol === TCP);
    const listening = tcp.find((socket) => socket.isListening && portOf(socket.local) === port)!;
    expect(parseEnd(listening.local)).toEqual({ words, port });
    const open = tcp.filter(
      ({ isEstablished, local, remote }) => isEstablished && [local, remote].some((end) => portOf(end) === clientPort),
    );
    const ends = open.map(({ local, remote }) => [parseEnd(local), parseEnd(remote)]);
    expect(ends).toContainEqual([
      { words, port: clientPort },
      { words, port },
    ]);
    expect(ends).toContainEqual([
      { words, port },
      { words, port: clientPort },
    ]);
    const inodes = new Set<number>();
    const processes = new ProcessList();
    expect(processes.read().own).toContain(process.pid);
    expect(processes.addSockets(process.pid, inodes)).toBe(true);
    for (const { inode } of [listening, ...open]) expect(inodes).toContain(inode);
    client.destroy();
    accepted.destroy();
    server.close();
  });
});
