/** Shifts an attack out of its capture into a benign one, with its hosts mapped to hosts there, and writes a real pcapng. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chooseAddresses, type AttackHosts, type TimelineHost } from '@tapline/core/eval/choose-addresses';
import { parseHost, type HostRange } from '@tapline/core/packet/host-range';
import type { Label } from '@tapline/core/eval/labels';
import { mapAddresses, type HostMap } from '@tapline/core/eval/map-addresses';
import type { Prng } from '@tapline/core/eval/prng';
import type { MixNote } from '@tapline/core/eval/scorecard';
import { LabelCounter, type LabelTruth } from '@tapline/core/eval/truth';
import { formatIpv4 } from '@tapline/core/packet/address';
import { ADDRESS_TYPE, type PacketColumns } from '@tapline/core/packet/columns';
import { PcapngWriter } from '@tapline/core/pcap/pcapng-writer';
import { hashAddress, hashPair } from '@tapline/core/sketch/hash';
import { readFrames, type Frame } from './read-frames.ts';

/** What is known of a benign capture before anything is shifted into it. */
export interface Timeline {
  readonly path: string;
  readonly file: string;
  readonly packets: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly hosts: readonly TimelineHost[];
}

export interface MixedAttack {
  readonly truth: LabelTruth;
  readonly note: Omit<MixNote, 'seed' | 'attack' | 'timeline'>;
}

/** Hosts of a timeline, and of an attack, that are remembered. */
const HOSTS_AT_MOST = 65_536;
const LINKTYPE_ETHERNET = 1;
/** EtherType. */
const IPV4 = 0x0800;
/** Answers come a little after what they answer. */
const ANSWERS_US = 2e6;

/** Looks through a benign capture. */
export async function examineTimeline(path: string, file: string, signal: AbortSignal): Promise<Timeline> {
  const hosts = new Map<number, { address: number; packets: number; mac: Uint8Array }>();
  let packets = 0;
  let firstUs = Infinity;
  let lastUs = -Infinity;
  const look = readFrames(file, signal, ({ bytes, timeUs, linkType }, columns, row) => {
    packets += 1;
    firstUs = Math.min(firstUs, timeUs);
    lastUs = Math.max(lastUs, timeUs);
    if (columns.addressType[row] !== ADDRESS_TYPE.ipv4) return undefined;
    const address = columns.source[4 * row + 3]!;
    const known = hosts.get(address);
    if (known !== undefined) known.packets += 1;
    else if (hosts.size < HOSTS_AT_MOST) {
      const mac = senderMac({ bytes, linkType }) ?? Uint8Array.of(2, 0, 0, 0, 0, 1);
      hosts.set(address, { address, packets: 1, mac });
    }
    return undefined;
  });
  while ((await look.next()).done !== true);
  return { path, file, packets, firstUs, lastUs, hosts: [...hosts.values()] };
}

/** What the first look at an attack's capture shows. */
interface AttackFacts extends AttackHosts {
  readonly startUs: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** Pairs of hosts that the attack's packets are between. */
  readonly pairs: ReadonlySet<number>;
}

/**
 * Writes the mix: every frame of the timeline, and of the attack's capture those between the attack's pairs of hosts in its
 * time, answers included.
 * @returns undefined when the attack's capture holds no packet of it
 */
export async function mixCaptures(
  attack: { readonly file: string; readonly label: Label },
  timeline: Timeline,
  random: Prng,
  output: string,
  { windowUs, signal }: { readonly windowUs: number; readonly signal: AbortSignal },
): Promise<MixedAttack | undefined> {
  const facts = await examineAttack(attack.file, attack.label, windowUs, signal);
  if (facts === undefined) return undefined;
  const room = timeline.lastUs - timeline.firstUs - (facts.lastUs - facts.firstUs);
  // An attack longer than the timeline begins in its first half and outlasts it.
  const offsetUs = Math.floor(random.unit() * (room > 0 ? room : (timeline.lastUs - timeline.firstUs) / 2));
  const shiftUs = timeline.firstUs + offsetUs - facts.firstUs;
  const hosts = chooseAddresses(timeline.hosts, facts);
  const counter = new LabelCounter(attack.label, facts.startUs, windowUs);
  let attackFrames = 0;
  const shifted = readFrames(attack.file, signal, (frame, columns, row): Frame | undefined => {
    const { timeUs } = frame;
    if (timeUs < facts.firstUs || timeUs > facts.lastUs + ANSWERS_US || !facts.pairs.has(pairOf(columns, row)))
      return undefined;
    if (counter.has(columns, row)) counter.count(columns, row, timeUs + shiftUs);
    mapAddresses(frame.bytes, frame.linkType, hosts);
    attackFrames += 1;
    return { ...frame, timeUs: timeUs + shiftUs };
  });
  const benign = readFrames(timeline.file, signal, (frame): Frame => frame);
  await writeMerged(shifted, benign, output);
  const truth = counter.truth([]);
  return {
    truth: { ...truth, attackers: mappedRanges(truth.attackers, hosts), victims: mappedRanges(truth.victims, hosts) },
    note: { offsetS: Math.round(offsetUs / 1e3) / 1e3, attackFrames, mappedAddresses: hosts.size },
  };
}

async function examineAttack(
  file: string,
  label: Label,
  windowUs: number,
  signal: AbortSignal,
): Promise<AttackFacts | undefined> {
  let counter: LabelCounter | undefined;
  let startUs = NaN;
  let firstUs = Infinity;
  let lastUs = -Infinity;
  const pairs = new Set<number>();
  const sources = new Set<number>();
  const destinations = new Set<number>();
  const macs = new Map<number, Uint8Array>();
  const look = readFrames(file, signal, (frame, columns, row) => {
    const { timeUs } = frame;
    if (Number.isNaN(startUs)) startUs = timeUs;
    // In ARP anybody can say that he has an address.
    if (columns.etherType[row] === IPV4 && macs.size < HOSTS_AT_MOST) {
      const address = columns.source[4 * row + 3]!;
      const mac = macs.has(address) ? undefined : senderMac(frame);
      if (mac !== undefined) macs.set(address, mac);
    }
    counter ??= new LabelCounter(label, startUs, windowUs);
    if (!counter.has(columns, row)) return undefined;
    firstUs = Math.min(firstUs, timeUs);
    lastUs = Math.max(lastUs, timeUs);
    pairs.add(pairOf(columns, row));
    if (columns.addressType[row] !== ADDRESS_TYPE.ipv4) return undefined;
    if (sources.size < HOSTS_AT_MOST) sources.add(columns.source[4 * row + 3]!);
    if (destinations.size < HOSTS_AT_MOST) destinations.add(columns.destination[4 * row + 3]!);
    return undefined;
  });
  while ((await look.next()).done !== true);
  if (pairs.size === 0) return undefined;
  return { startUs, firstUs, lastUs, pairs, macs, ...sidesOf(label, sources, destinations) };
}

/** Which of the addresses are attackers and which attacked: by the label, or else by who sends. */
function sidesOf(
  { attackers, victims }: Label,
  sources: ReadonlySet<number>,
  destinations: ReadonlySet<number>,
): { attackers: number[]; victims: number[] } {
  const within = (ranges: readonly HostRange[], address: number): boolean =>
    ranges.some((range) => range.matches([0, 0, 0xffff, address], 0, ADDRESS_TYPE.ipv4));
  const isGroup = (address: number): boolean => address >>> 28 >= 0xe || address === 0;
  const sides = { attackers: [] as number[], victims: [] as number[] };
  for (const address of new Set([...sources, ...destinations])) {
    if (isGroup(address)) continue;
    const isVictim = within(victims, address) || (!within(attackers, address) && !sources.has(address));
    (isVictim && !(attackers.length > 0 && within(attackers, address)) ? sides.victims : sides.attackers).push(address);
  }
  return sides;
}

function senderMac({ bytes, linkType }: Pick<Frame, 'bytes' | 'linkType'>): Uint8Array | undefined {
  return linkType === LINKTYPE_ETHERNET && bytes.length >= 12 ? bytes.slice(6, 12) : undefined;
}

/** The same for both directions. */
function pairOf({ source, destination }: PacketColumns, row: number): number {
  const [one, other] = [hashAddress(source, 4 * row), hashAddress(destination, 4 * row)];
  return hashPair(Math.min(one, other), Math.max(one, other));
}

function mappedRanges(ranges: readonly HostRange[], hosts: HostMap): HostRange[] {
  const moved = [...hosts].flatMap(([from, { address }]) => {
    const range = ranges.find((one) => one.matches([0, 0, 0xffff, from], 0, ADDRESS_TYPE.ipv4));
    if (range === undefined) return [];
    return parseHost(range.port === undefined ? formatIpv4(address) : `${formatIpv4(address)}:${range.port}`) ?? [];
  });
  // A range of which nothing was moved is where it was.
  const stayed = ranges.filter(
    (range) => ![...hosts.keys()].some((from) => range.matches([0, 0, 0xffff, from], 0, ADDRESS_TYPE.ipv4)),
  );
  return [...moved, ...stayed];
}

/** Merges by time; each side keeps its own order. */
async function writeMerged(one: AsyncGenerator<Frame>, other: AsyncGenerator<Frame>, output: string): Promise<void> {
  const stream = createWriteStream(output);
  let failed: Error | undefined;
  stream.on('error', (error) => (failed = error));
  const writer = new PcapngWriter((bytes) => stream.write(Uint8Array.from(bytes)));
  let first = await one.next();
  let second = await other.next();
  while (first.done !== true || second.done !== true) {
    const takeFirst = second.done === true || (first.done !== true && first.value.timeUs < second.value.timeUs);
    const { bytes, wireLength, timeUs, timeNs, linkType } = (takeFirst ? first.value : second.value) as Frame;
    writer.frame(bytes, 0, bytes.length, wireLength, timeUs, timeNs, linkType);
    if (takeFirst) first = await one.next();
    else second = await other.next();
    if (stream.writableNeedDrain) await once(stream, 'drain');
  }
  writer.flush();
  stream.end();
  await once(stream, 'close');
  if (failed !== undefined) throw failed;
}
