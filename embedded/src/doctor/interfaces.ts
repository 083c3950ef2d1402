/** Network interfaces: up, how long their frames may be, and whether the kernel drops some (Linux, /sys/class/net). */
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ok, warn, type Check, type Finding } from './check.ts';

export interface Interface {
  readonly name: string;
  readonly isUp: boolean;
  /** Longest packet, without the link's own header, bytes; 0 = unknown. */
  readonly mtu: number;
  readonly received: number;
  /** That the kernel had no room for. */
  readonly dropped: number;
}

/** Longest packet of plain Ethernet. */
const ETHERNET_MTU = 1500;
/** Of what was received; less happens while a machine starts. */
const DROPPED_SHARE = 0.001;
const LOOPBACK = /^lo\d*$/;

export const interfaces: Check = {
  name: 'interface',
  needs: [],
  advice: 'look at the interfaces (ip -s link)',
  examine: () => Promise.resolve(judgeInterfaces(readInterfaces('/sys/class/net'))),
};

export function judgeInterfaces(all: readonly Interface[]): Finding {
  const up = all.filter(({ isUp, name }) => isUp && !LOOPBACK.test(name));
  if (up.length === 0) {
    const advice = 'bring one up (ip link set dev NAME up) unless only capture files are read here';
    return warn('no interface but loopback is up', advice);
  }
  const saw = up.map(({ name, mtu }) => (mtu > 0 ? `${name} MTU ${mtu}` : name)).join(', ');
  const dropping = up.find(({ dropped, received }) => dropped > DROPPED_SHARE * (received + dropped));
  if (dropping !== undefined) {
    const { name, dropped, received } = dropping;
    const advice = 'larger ring buffers (ethtool -G) or a capture filter: what is dropped here nobody sees';
    return warn(`${saw}; the kernel dropped ${dropped} of ${received + dropped} packets of ${name}`, advice);
  }
  const jumbo = up.find(({ mtu }) => mtu > ETHERNET_MTU);
  if (jumbo !== undefined) {
    const advice = `jumbo frames: capture ${jumbo.name} with a snap length above ${jumbo.mtu} (tcpdump -s 0)`;
    return { outcome: 'ok', saw: `${saw}; ${advice}` };
  }
  return ok(saw);
}

/** @param folder as /sys/class/net; where it is not there, the interfaces with addresses are all that is known */
export function readInterfaces(folder: string): Interface[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return Object.keys(networkInterfaces()).map((name) => ({ name, isUp: true, mtu: 0, received: 0, dropped: 0 }));
  }
  return names.sort().map((name) => {
    const read = (file: string): string => readOr(join(folder, name, file), '');
    return {
      name,
      // Virtual interfaces do not say, and are up when they are there.
      isUp: ['up', 'unknown'].includes(read('operstate')),
      mtu: Number(read('mtu')),
      received: Number(read('statistics/rx_packets')),
      dropped: Number(read('statistics/rx_dropped')),
    };
  });
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return fallback;
  }
}
