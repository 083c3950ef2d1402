/**
 * What is usual for each host, by what the detectors count of it: over the last days how often it had how large a count, windows
 * in which nothing was noted of it as zeros. A host that is not remembered was idle as long as nobody was forgotten, so one that
 * is attacked for the first time has a baseline too: nothing.
 *
 * It is not learned from windows with missing packets, nor while an episode above the floor lasts, so that an attack that
 * comes back does not become usual; but an episode of six hours is what the host is like now. What it says is said at the
 * beginning of an episode, again with every hour, and when a count is graver than what was said within the hour.
 */
import { DETECTOR_CONFIG } from '../detect/config.ts';
import type { KpiRow } from '../kpi/kpi-row.ts';
import {
  compare,
  USUAL_CLASSES,
  USUAL_CONFIG,
  type Baseline,
  type UsualClass,
  type UsualRow,
} from '../detect/usual.ts';
import type { ByteReader } from '../sketch/byte-reader.ts';
import type { ByteWriter } from '../sketch/byte-writer.ts';
import { DayCounts } from './day-counts.ts';
import { statisticKey, STATISTICS, type OwnedStatistic } from './host-sights.ts';
import type { HostSight } from './observations.ts';
import { RecentMap } from './recent-map.ts';
import type { SeenWindow } from './slow-finding.ts';

const DAY_US = 86_400e6;
const HOUR_US = 3_600e6;
const RECENT_MOST = 1000;

/** A place in the sensor's windows: the time, and the windows of its day before it. */
interface Place {
  readonly us: number;
  readonly windows: number;
}

/** An episode above the floor. */
interface Run {
  readonly startUs: number;
  lastUs: number;
  /** The gravest that was said in the hour, and which hour that is. */
  said: UsualClass;
  hour: number;
}

interface Host {
  /** From where on all its windows are known. */
  readonly since: Place;
  last: Place;
  readonly counts: DayCounts;
  /** Values of the windows that are summed with the next one; empty where none are. */
  recent: { readonly atUs: number; readonly value: number }[];
  run: Run | undefined;
}

interface Memory {
  readonly statistic: OwnedStatistic;
  readonly hosts: RecentMap<Host>;
  /** Who is not in `hosts` was not noted since. */
  unseenSince: Place;
}

export class UsualMemory {
  readonly #memories: ReadonlyMap<string, Memory>;
  /** Windows that were learned from, by day, newest first. */
  #days: { readonly day: number; windows: number }[] = [];
  #begun = false;

  constructor() {
    this.#memories = new Map(
      STATISTICS.map((statistic) => {
        const hosts = new RecentMap<Host>(USUAL_CONFIG.remembered);
        return [statisticKey(statistic), { statistic, hosts, unseenSince: { us: 0, windows: 0 } }];
      }),
    );
  }

  /** Hosts that found no room, ever. */
  get forgotten(): number {
    return [...this.#memories.values()].reduce((sum, { hosts }) => sum + hosts.forgotten, 0);
  }

  /** Takes the next window in time; returns what it says of the evidence in it. */
  take({ row, observations }: SeenWindow): UsualRow[] {
    const { windowStartUs } = row;
    this.#begin(windowStartUs);
    const rows: UsualRow[] = [];
    for (const sight of observations.hosts) {
      const memory = this.#memories.get(sight.statistic);
      const said = memory && this.#takeSight(memory, sight, row);
      if (said !== undefined) rows.push(said);
    }
    if (row.complete) this.#days[0]!.windows++;
    return rows;
  }

  #begin(windowStartUs: number): void {
    const day = dayOf(windowStartUs);
    if (!this.#begun)
      for (const memory of this.#memories.values()) memory.unseenSince = { us: windowStartUs, windows: 0 };
    this.#begun = true;
    if (this.#days[0]?.day === day) return;
    this.#days = this.#days.filter((one) => one.day > day - USUAL_CONFIG.days);
    this.#days.unshift({ day, windows: 0 });
  }

  #takeSight(memory: Memory, sight: HostSight, row: KpiRow): UsualRow | undefined {
    const { windowStartUs, windowEndUs, complete } = row;
    const windowUs = windowEndUs - windowStartUs;
    const here: Place = { us: windowStartUs, windows: this.#days[0]!.windows };
    const host = memory.hosts.peek(sight.entity) ?? {
      since: memory.unseenSince,
      last: here,
      counts: new DayCounts(USUAL_CONFIG.days),
      recent: [],
      run: undefined,
    };
    host.last = here;
    const forgotten = memory.hosts.set(sight.entity, host);
    if (forgotten !== undefined) memory.unseenSince = forgotten.last;
    const value = summed(host, memory.statistic, sight.value, row);
    const isAbove = sight.isEvident && value >= memory.statistic.floor(DETECTOR_CONFIG);
    const said = isAbove ? this.#judge(memory.statistic, host, { sight, value, row }) : undefined;
    if (!complete) return said;
    const isQuarantined = isAbove && windowStartUs - host.run!.startUs < USUAL_CONFIG.quarantineWindows * windowUs;
    if (isQuarantined) host.counts.leave(dayOf(windowStartUs));
    else host.counts.learn(dayOf(windowStartUs), value);
    return said;
  }

  /** Extends the host's episode by a window above the floor, and says so if it is time. */
  #judge(
    statistic: OwnedStatistic,
    host: Host,
    { sight, value, row }: { readonly sight: HostSight; readonly value: number; readonly row: KpiRow },
  ): UsualRow | undefined {
    const { sensor, windowStartUs, windowEndUs } = row;
    const windowUs = windowEndUs - windowStartUs;
    const hour = Math.floor(windowStartUs / HOUR_US);
    const spanWindows = 1 + statistic.summedWindows(DETECTOR_CONFIG);
    const baseline = this.#baseline(host);
    const comparison = compare(value, baseline, statistic.floor(DETECTOR_CONFIG), windowUs);
    const reachUs = (DETECTOR_CONFIG.quietWindows + spanWindows) * windowUs;
    const known = host.run !== undefined && windowStartUs <= host.run.lastUs + reachUs ? host.run : undefined;
    const run = known ?? { startUs: windowStartUs, lastUs: windowStartUs, said: comparison.class, hour };
    run.lastUs = windowStartUs;
    host.run = run;
    const isGraver = USUAL_CLASSES.indexOf(comparison.class) > USUAL_CLASSES.indexOf(run.said);
    if (known !== undefined && run.hour === hour && !isGraver) return undefined;
    run.said = comparison.class;
    run.hour = hour;
    const { detector, feature, unit } = statistic;
    const { entity } = sight;
    const facts = { sensor, windowStartUs, windowEndUs, detector, feature, entity, unit };
    return { ...facts, value, spanWindows, baseline, comparison };
  }

  #baseline({ since, counts }: Host): Baseline {
    const sinceDay = dayOf(since.us);
    const days = this.#days.filter(({ day }) => day >= sinceDay);
    const oldest = days.at(-1)!.day;
    const before = oldest === sinceDay ? since.windows : 0;
    const known = days.reduce((sum, { windows }) => sum + windows, 0) - before;
    return { ...counts.baseline(known, oldest), sinceUs: Math.max(since.us, oldest * DAY_US) };
  }

  encode(writer: ByteWriter): void {
    writer.u8(this.#begun ? 1 : 0);
    writer.varint(this.#days.length);
    for (const { day, windows } of this.#days) {
      writer.signed(day);
      writer.varint(windows);
    }
    writer.varint(this.#memories.size);
    for (const [key, { hosts, unseenSince }] of this.#memories) {
      writer.text(key);
      putPlace(writer, unseenSince);
      writer.varint(hosts.forgotten);
      writer.varint(hosts.size);
      for (const [entity, host] of hosts.entries()) putHost(writer, entity, host);
    }
  }

  static decode(reader: ByteReader): UsualMemory {
    const decoded = new UsualMemory();
    decoded.#begun = reader.u8() !== 0;
    decoded.#days = Array.from({ length: reader.bounded(USUAL_CONFIG.days, 'days') }, () => ({
      day: reader.signed(),
      windows: reader.varint(),
    }));
    for (let left = reader.bounded(100, 'statistics'); left > 0; left--) {
      const key = reader.text(200);
      const unseenSince = takePlace(reader);
      const forgotten = reader.varint();
      // Of a statistic that this build does not have, nothing is kept.
      const memory = decoded.#memories.get(key);
      for (let hosts = reader.bounded(USUAL_CONFIG.remembered, 'hosts'); hosts > 0; hosts--) {
        const [entity, host] = takeHost(reader);
        memory?.hosts.set(entity, host);
      }
      if (memory !== undefined) Object.assign(memory, { unseenSince }).hosts.forgotten = forgotten;
    }
    return decoded;
  }
}

const dayOf = (timeUs: number): number => Math.floor(timeUs / DAY_US);

/** The value together with those before it that count with it. */
function summed(host: Host, { summedWindows }: OwnedStatistic, value: number, row: KpiRow): number {
  const span = summedWindows(DETECTOR_CONFIG);
  if (span === 0) return value;
  const { windowStartUs, windowEndUs } = row;
  host.recent = host.recent.filter(({ atUs }) => atUs >= windowStartUs - span * (windowEndUs - windowStartUs));
  host.recent.push({ atUs: windowStartUs, value });
  return host.recent.reduce((sum, one) => sum + one.value, 0);
}

function putPlace(writer: ByteWriter, { us, windows }: Place): void {
  writer.signed(us);
  writer.varint(windows);
}

const takePlace = (reader: ByteReader): Place => ({ us: reader.signed(), windows: reader.varint() });

function putHost(writer: ByteWriter, entity: string, { since, last, counts, recent, run }: Host): void {
  writer.text(entity);
  putPlace(writer, since);
  putPlace(writer, last);
  counts.encode(writer);
  writer.varint(recent.length);
  for (const { atUs, value } of recent) {
    writer.signed(last.us - atUs);
    writer.varint(value);
  }
  writer.u8(run === undefined ? 0 : 1);
  if (run === undefined) return;
  writer.signed(run.startUs);
  writer.signed(run.lastUs);
  writer.u8(USUAL_CLASSES.indexOf(run.said));
  writer.signed(run.hour);
}

function takeHost(reader: ByteReader): [string, Host] {
  const entity = reader.text(64);
  const [since, last] = [takePlace(reader), takePlace(reader)];
  const counts = DayCounts.decode(reader, USUAL_CONFIG.days);
  const recent = Array.from({ length: reader.bounded(RECENT_MOST, 'windows') }, () => ({
    atUs: last.us - reader.signed(),
    value: reader.varint(),
  }));
  const run =
    reader.u8() === 0
      ? undefined
      : {
          startUs: reader.signed(),
          lastUs: reader.signed(),
          said: USUAL_CLASSES[reader.u8()] ?? 'learning',
          hour: reader.signed(),
        };
  return [entity, { since, last, counts, recent, run }];
}
