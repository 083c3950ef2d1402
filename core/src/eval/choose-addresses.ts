/** Which hosts of a benign capture the hosts of an attack become when it is shifted in. Deterministic. */
import { formatIpv4 } from '../packet/address.ts';
import type { MappedHost } from './map-addresses.ts';

/** A host of the benign capture. */
export interface TimelineHost {
  readonly address: number;
  readonly packets: number;
  readonly mac: Uint8Array;
}

/** A side of an attack with more hosts keeps its addresses: strangers from everywhere stay that. */
const HOSTS_AT_MOST = 16;

/**
 * Attacked hosts become the busiest hosts of the benign capture's own network, so that the attack does not stand alone
 * there; attackers become addresses of that network that nobody has. A side of many hosts in one /24 moves as a whole,
 * each with its last number; a side of many hosts from everywhere stays as it is.
 * @param hosts of the benign capture
 * @returns by address; empty when the benign capture has no IPv4 host
 */
export function chooseAddresses(
  hosts: readonly TimelineHost[],
  attackers: readonly number[],
  victims: readonly number[],
): Map<number, MappedHost> {
  const chosen = new Map<number, MappedHost>();
  const local = ownNetwork(hosts);
  if (local === undefined) return chosen;
  const busiest = hosts
    .filter(({ address }) => netOf(address) === local)
    .sort((a, b) => b.packets - a.packets || a.address - b.address);
  const used = new Set(busiest.map(({ address }) => address));
  const macs = new Map(busiest.map(({ address, mac }) => [address, mac]));
  const put = (from: number, to: number): void => {
    used.add(to);
    chosen.set(from, { address: to, mac: macs.get(to) ?? madeMac(to) });
  };
  const move = (side: readonly number[], next: () => number | undefined): void => {
    const open = side.filter((address) => !chosen.has(address));
    if (open.length > HOSTS_AT_MOST) {
      const [net] = open.map(netOf);
      if (open.every((address) => netOf(address) === net))
        for (const address of open) put(address, local + (address & 255));
      return;
    }
    for (const address of open.toSorted((a, b) => a - b)) {
      const to = next();
      if (to !== undefined) put(address, to);
    }
  };
  const targets = [...busiest];
  const free = (): number | undefined => {
    for (let last = 200; last > 1; last--) if (!used.has(local + last)) return local + last;
    return undefined;
  };
  move(victims, () => targets.shift()?.address ?? free());
  move(attackers, free);
  return chosen;
}

/** The /24 with the most packets of private addresses, or of any when there is none. */
function ownNetwork(hosts: readonly TimelineHost[]): number | undefined {
  const own = hosts.filter(({ address }) => isPrivate(address));
  const byNet = new Map<number, number>();
  for (const { address, packets } of own.length > 0 ? own : hosts) {
    byNet.set(netOf(address), (byNet.get(netOf(address)) ?? 0) + packets);
  }
  const [first] = [...byNet].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return first?.[0];
}

function isPrivate(address: number): boolean {
  return address >>> 24 === 10 || address >>> 20 === 0xac1 || address >>> 16 === 0xc0a8;
}

function netOf(address: number): number {
  return (address & 0xffff_ff00) >>> 0;
}

/** A locally administered MAC address that only this host has. */
function madeMac(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0x00, ...formatIpv4(address).split('.').map(Number));
}
