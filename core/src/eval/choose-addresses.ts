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

/** The hosts of an attack. */
export interface AttackHosts {
  readonly attackers: readonly number[];
  readonly victims: readonly number[];
  /** MAC addresses of its senders, by IPv4 address. */
  readonly macs: ReadonlyMap<number, Uint8Array>;
}

/**
 * Who is inside stays inside, and who is outside stays outside. Attacked hosts become the busiest hosts of the benign
 * capture's own network, so that the attack does not stand alone there; attackers with private addresses become addresses of
 * that network that nobody has. Public addresses stay as they are, and one that the benign capture has as well becomes the next of its /24
 * that it has not; only where the attackers are public, too, are the attacked hosts those inside. A side of many
 * hosts in one /24 moves as a whole, each with its last number; a side of many hosts from everywhere stays as it is.
 * @param hosts of the benign capture
 * @returns by address; empty when the benign capture has no IPv4 host
 */
export function chooseAddresses(
  hosts: readonly TimelineHost[],
  { attackers, victims, macs: before }: AttackHosts,
): Map<number, MappedHost> {
  const chosen = new Map<number, MappedHost>();
  const local = ownNetwork(hosts);
  if (local === undefined) return chosen;
  const busiest = hosts
    .filter(({ address }) => netOf(address) === local)
    .sort((a, b) => b.packets - a.packets || a.address - b.address);
  const used = new Set(hosts.map(({ address }) => address));
  const macs = new Map(busiest.map(({ address, mac }) => [address, mac]));
  const put = (from: number, to: number): void => {
    used.add(to);
    const was = before.get(from);
    chosen.set(from, { address: to, ...(was && { mac: { was, becomes: macs.get(to) ?? madeMac(to) } }) });
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
  const freeIn = (net: number): number | undefined => {
    for (let last = 200; last > 1; last--) if (!used.has(net + last)) return net + last;
    return undefined;
  };
  const free = (): number | undefined => freeIn(local);
  const targets = [...busiest];
  const isAttackFromInside = attackers.length > 0 && attackers.every(isPrivate);
  const isInside = (address: number): boolean => isPrivate(address) || !isAttackFromInside;
  move(victims.filter(isInside), () => targets.shift()?.address ?? free());
  move(attackers.filter(isPrivate), free);
  for (const address of new Set([...victims, ...attackers])) {
    if (chosen.has(address) || isPrivate(address) || !used.has(address)) continue;
    const to = freeIn(netOf(address));
    if (to === undefined) continue;
    used.add(to);
    chosen.set(address, { address: to });
  }
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
