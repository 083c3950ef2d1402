/**
 * Scans too slow for a window's neighbourhood: the hosts (or ports) that did not answer one source, united over three to six
 * hours, against the source's own past, because a monitor that asks for dead hosts does so every day. Of TCP every host that
 * a source talks to speaks for it, so few failures are enough (sequential hypothesis test). What comes fast enough for the
 * detectors of the windows is left to them.
 */
import { figure, reason } from '../detect/detector.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { ThetaSet } from '../sketch/theta-set.ts';
import { hashAddress } from '../sketch/hash.ts';
import { parseAddress } from '../packet/address.ts';
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import { protocolText } from '../kpi/protocol-text.ts';
import type { HistoryConfig } from './config.ts';
import type { Observations, SweepSight } from './observations.ts';
import { RecentMap } from './recent-map.ts';
import type { SeenWindow, SlowDetector, SlowFinding } from './slow-finding.ts';

/** An old worst time counts less with every epoch: half after about a day. */
const FADE = 0.92;

/** Several ports, where one is meant. */
const MANY_PORTS = 0;

interface Probing {
  epoch: number;
  /** The service asked for; MANY_PORTS when there were several, or none. */
  port: number;
  /** This epoch and the one before. */
  failed: [ThetaSet, ThetaSet];
  answered: [ThetaSet, ThetaSet];
  firstUs: [number, number];
  /** Most failures of an epoch before those two, faded. */
  usual: number;
  /** Start times and sizes of windows with failures, inside the fast reach. */
  recent: { readonly atUs: number; readonly failures: number }[];
  /** Until when the source is the windows' business. */
  fastUntilUs: number;
}

export class SlowScanMemory implements SlowDetector {
  readonly #config: HistoryConfig['slowScan'];
  readonly #probings: RecentMap<Probing>;

  constructor(config: HistoryConfig['slowScan']) {
    this.#config = config;
    this.#probings = new RecentMap(config.sources);
  }

  get forgotten(): number {
    return this.#probings.forgotten;
  }

  take({ row, observations }: SeenWindow): SlowFinding[] {
    const sweeps = uniteServices(observations.sweeps);
    const found = sweeps.flatMap((sweep) => this.#takeSweep(sweep, row.windowStartUs) ?? []);
    this.#takeAnswers(observations, sweeps);
    return found;
  }

  /** Every TCP conversation speaks for its source, also in windows in which nothing failed. */
  #takeAnswers({ pairs }: Observations, sweeps: readonly SweepSight[]): void {
    const failed = new Map(sweeps.map((sweep) => [keyOf(sweep), sweep.failed]));
    for (const { source, destination, protocol, bytesDown } of pairs) {
      if (protocol !== IP_PROTOCOL.tcp || bytesDown === 0) continue;
      const key = keyOf({ kind: 'hosts', source, protocol, port: MANY_PORTS, target: '' });
      const probing = this.#probings.peek(key);
      const address = probing && parseAddress(destination);
      if (address === undefined) continue;
      const hash = hashAddress(Uint32Array.from(address.words), 0);
      // A refusal comes back too.
      if (failed.get(key)?.includes(hash) !== true) probing!.answered[0].add(hash);
    }
  }

  #takeSweep(sweep: SweepSight, atUs: number): SlowFinding | undefined {
    const { epochUs, fast, hosts, ports, netFailures } = this.#config;
    const epoch = Math.floor(atUs / epochUs);
    const probing = this.#probings.touch(keyOf(sweep), () => this.#begin(epoch, sweep.port));
    if (probing.port !== sweep.port) probing.port = MANY_PORTS;
    this.#turn(probing, epoch);
    probing.recent = probing.recent.filter((one) => one.atUs > atUs - fast.withinUs);
    probing.recent.push({ atUs, failures: sweep.failed.length });
    const failures = probing.recent.reduce((total, one) => total + one.failures, 0);
    if (failures >= fast[sweep.kind]) {
      // Told already; what it touched does not count a second time, slowly.
      probing.fastUntilUs = atUs + fast.quietUs;
      Object.assign(probing, { failed: this.#sets(), answered: this.#sets(), firstUs: [Infinity, Infinity] });
    }
    if (atUs < probing.fastUntilUs) return undefined;
    for (const hash of sweep.failed) probing.failed[0].add(hash);
    for (const hash of sweep.answered) probing.answered[0].add(hash);
    probing.firstUs[0] = Math.min(probing.firstUs[0], sweep.firstUs);
    const failed = this.#count(probing.failed);
    const net = failed - this.#count(probing.answered);
    const floor = isTested(sweep) ? netFailures : sweep.kind === 'hosts' ? hosts : ports;
    const bar = Math.max(floor, this.#config.overOwnPast * probing.usual);
    if (isTested(sweep) ? net < bar : failed < bar || net <= 0) return undefined;
    return this.#finding(sweep, probing, { failed, floor, bar });
  }

  #finding(
    sweep: SweepSight,
    probing: Probing,
    { failed, floor, bar }: { failed: number; floor: number; bar: number },
  ): SlowFinding {
    const { source, target, kind, lastUs } = sweep;
    const protocol = protocolText(sweep.protocol).toLowerCase();
    const { port } = probing;
    const service = port === MANY_PORTS ? protocol : `${protocol}/${port}`;
    const firstUs = Math.min(...probing.firstUs);
    const hours = figure((lastUs - firstUs) / 3_600e6);
    const answered = this.#count(probing.answered);
    const what =
      kind === 'hosts'
        ? `${figure(failed)} hosts for ${service}`
        : `${figure(failed)} ${protocol.toUpperCase()} ports of ${target}`;
    const unit = kind;
    return {
      detector: kind === 'hosts' ? 'horizontal-scan' : 'vertical-scan',
      entity: source,
      subject: kind === 'ports' ? `${protocol} ${target}` : isTested(sweep) ? protocol : service,
      ratio: failed / bar,
      summary: `${source} slowly ${kind === 'hosts' ? 'asked' : 'tried'} ${what} in ${hours} h in vain, ${figure(answered)} answered`,
      reasons: [
        {
          ...reason(`${kind} without an answer`, failed, unit, floor),
          baseline: probing.usual === 0 ? null : Math.round(probing.usual * 1000) / 1000,
          ratio: Math.round((1000 * failed) / bar) / 1000,
        },
        reason('hours', (lastUs - firstUs) / 3_600e6, 'hours', (2 * this.#config.epochUs) / 3_600e6),
      ],
      contributors: [{ key: kind === 'hosts' ? service : target, value: failed, unit }],
      attack:
        kind === 'hosts' && sweep.protocol !== IP_PROTOCOL.tcp && port === MANY_PORTS
          ? ['T1018']
          : ['T1046', 'T1595.001'],
      firstUs,
      lastUs,
      filter: {
        host: source,
        ...(kind === 'ports' ? { peer: target } : port === MANY_PORTS ? {} : { port }),
        protocol,
      },
    };
  }

  #begin(epoch: number, port: number): Probing {
    const [failed, answered] = [this.#sets(), this.#sets()];
    return { epoch, port, failed, answered, firstUs: [Infinity, Infinity], usual: 0, recent: [], fastUntilUs: -1 };
  }

  #sets(): [ThetaSet, ThetaSet] {
    return [new ThetaSet(this.#config.contacts), new ThetaSet(this.#config.contacts)];
  }

  #turn(probing: Probing, epoch: number): void {
    for (; probing.epoch < epoch; probing.epoch++) {
      probing.usual = Math.max(probing.usual * FADE, probing.failed[1].estimate());
      if (epoch - probing.epoch > 100) probing.usual *= FADE ** (epoch - probing.epoch);
      probing.failed = [new ThetaSet(this.#config.contacts), probing.failed[0]];
      probing.answered = [new ThetaSet(this.#config.contacts), probing.answered[0]];
      probing.firstUs = [Infinity, probing.firstUs[0]];
      if (epoch - probing.epoch > 100) probing.epoch = epoch - 1;
    }
  }

  #count([now, before]: readonly [ThetaSet, ThetaSet]): number {
    const union = new ThetaSet(this.#config.contacts);
    union.merge(now);
    union.merge(before);
    return Math.round(union.estimate());
  }

  encode(writer: ByteWriter): void {
    writer.varint(this.#probings.forgotten);
    writer.varint(this.#probings.size);
    for (const [key, probing] of this.#probings.entries()) {
      writer.text(key);
      writer.signed(probing.epoch);
      writer.varint(probing.port);
      for (const set of [...probing.failed, ...probing.answered]) set.encode(writer);
      for (const timeUs of probing.firstUs) writer.f64(timeUs);
      writer.f64(probing.usual);
      writer.signed(probing.fastUntilUs);
      writer.varint(probing.recent.length);
      for (const { atUs, failures } of probing.recent) {
        writer.signed(atUs);
        writer.varint(failures);
      }
    }
  }

  static decode(reader: ByteReader, config: HistoryConfig['slowScan']): SlowScanMemory {
    const memory = new SlowScanMemory(config);
    const forgotten = reader.varint();
    const set = (): ThetaSet => ThetaSet.decode(reader, config.contacts);
    for (let left = reader.bounded(config.sources, 'sources'); left > 0; left--) {
      const key = reader.text(300);
      memory.#probings.set(key, {
        epoch: reader.signed(),
        port: reader.bounded(0xffff, 'as a port'),
        failed: [set(), set()],
        answered: [set(), set()],
        firstUs: [reader.f64(), reader.f64()],
        usual: reader.f64(),
        fastUntilUs: reader.signed(),
        recent: Array.from({ length: reader.bounded(1000, 'windows') }, () => ({
          atUs: reader.signed(),
          failures: reader.varint(),
        })),
      });
    }
    memory.#probings.forgotten = forgotten;
    return memory;
  }
}

type SweepKey = Pick<SweepSight, 'kind' | 'source' | 'protocol' | 'port' | 'target'>;

/** Hosts asked over TCP are one thing whatever the port: a scanner that changes ports fails no less. */
const isTested = ({ kind, protocol }: Pick<SweepKey, 'kind' | 'protocol'>): boolean =>
  kind === 'hosts' && protocol === IP_PROTOCOL.tcp;

const keyOf = (sweep: SweepKey): string =>
  `${sweep.kind}\n${sweep.source}\n${sweep.protocol}\n${isTested(sweep) ? MANY_PORTS : sweep.port}\n${sweep.target}`;

/** The sweeps of a window, those over TCP hosts of one source as one. */
function uniteServices(sweeps: readonly SweepSight[]): SweepSight[] {
  const bySource = new Map<string, SweepSight>();
  for (const sweep of sweeps) {
    const key = keyOf(sweep);
    const known = bySource.get(key);
    bySource.set(key, known === undefined ? sweep : united(known, sweep));
  }
  return [...bySource.values()];
}

function united(a: SweepSight, b: SweepSight): SweepSight {
  return {
    ...a,
    port: a.port === b.port ? a.port : MANY_PORTS,
    failed: [...new Set([...a.failed, ...b.failed])],
    answered: [...new Set([...a.answered, ...b.answered])],
    firstUs: Math.min(a.firstUs, b.firstUs),
    lastUs: Math.max(a.lastUs, b.lastUs),
  };
}
