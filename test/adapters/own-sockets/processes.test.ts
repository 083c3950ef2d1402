/** Whose processes are whose, in a folder that looks like /proc: the titles are those that OpenSSH gives its processes. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessList } from '@tapline/adapters/own-sockets/processes';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const SELF = 100;

function addProcess(pid: number, parent: number, name: string, command: string): void {
  mkdirSync(join(folder, String(pid), 'fd'), { recursive: true });
  writeFileSync(join(folder, String(pid), 'stat'), `${pid} (${name}) S ${parent} 1 1 0`);
  writeFileSync(join(folder, String(pid), 'cmdline'), command.replaceAll(' ', '\0'));
}

describe('the processes of a host', () => {
  addProcess(SELF, 1, 'node', 'node --flag /opt/tapline/main.ts capture -i eth0');
  addProcess(101, SELF, 'tcpdump', 'tcpdump -i eth0');
  addProcess(102, 1, 'node', 'node /opt/tapline/main.ts bridge');
  addProcess(103, 102, 'a (b) c', 'node helper.ts');
  addProcess(104, 1, 'node', 'node /opt/other/main.ts');
  const titles = [
    'sshd: alice@pts/0',
    'sshd-session: bob@notty',
    'sshd: carol',
    'sshd: [accepted]',
    'sshd: alice [priv]',
    'sshd: unknown [net]',
    'sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups',
  ];
  titles.forEach((title, i) => {
    addProcess(200 + i, 1, title.split(':')[0]!, '');
    // A title is one text, filled up with zeros.
    writeFileSync(join(folder, String(200 + i), 'cmdline'), `${title}\0\0\0`);
  });
  addProcess(300, 1, 'evil', 'sshd: eve@pts/9');

  const processes = new ProcessList(folder, SELF);

  it('are ours when they descend from us or run our program, and logins when sshd says that they have succeeded', () => {
    for (let look = 0; look < 3; look++) {
      const { own, logins, hasSshd } = processes.read();
      expect([...own].sort()).toEqual([SELF, 101, 102, 103]);
      expect([...logins].sort()).toEqual([200, 201, 202]);
      expect(hasSshd).toBe(true);
    }
  });

  it('have the sockets that are among their descriptors, and none when they are gone', () => {
    symlinkSync('socket:[4711]', join(folder, '101', 'fd', '5'));
    symlinkSync('/dev/null', join(folder, '101', 'fd', '6'));
    const inodes = new Set<number>();
    expect([processes.addSockets(101, inodes), processes.addSockets(999, inodes)]).toEqual([true, true]);
    expect([...inodes]).toEqual([4711]);
  });
});
