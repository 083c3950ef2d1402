/** LedgerStore in memory: for tests, and for a line that need not outlive its process. */
import type { Heartbeat, MinuteCount } from '@tapline/core/ledger/heartbeat';
import { openOf } from '@tapline/core/ledger/open-heartbeats';
import { largerMinute } from '@tapline/core/ledger/minute';
import { ALL_TIME, type Hop, type HopEntry, type LedgerStore } from '@tapline/core/ports';
import { compareText } from './text-order.ts';

interface Session {
  readonly sensor: string;
  readonly session: string;
  last: Heartbeat | undefined;
  readonly minutes: Map<number, MinuteCount>;
  readonly entries: Map<Hop, Map<number, HopEntry>>;
}

export class MemoryLedgerStore implements LedgerStore {
  readonly #sensors = new Map<string, Map<string, Session>>();

  #session(sensor: string, session: string): Session {
    let sessions = this.#sensors.get(sensor);
    if (sessions === undefined) this.#sensors.set(sensor, (sessions = new Map<string, Session>()));
    let found = sessions.get(session);
    if (found === undefined) {
      found = { sensor, session, last: undefined, minutes: new Map(), entries: new Map() };
      sessions.set(session, found);
    }
    return found;
  }

  accept(entry: HopEntry): Promise<void> {
    const { entries } = this.#session(entry.sensor, entry.session);
    const hop = entries.get(entry.hop);
    if (hop === undefined) entries.set(entry.hop, new Map([[entry.sequence, structuredClone(entry)]]));
    else hop.set(entry.sequence, structuredClone(entry));
    return Promise.resolve();
  }

  putHeartbeat(heartbeat: Heartbeat): Promise<void> {
    const session = this.#session(heartbeat.sensor, heartbeat.session);
    if (heartbeat.sequence >= (session.last?.sequence ?? -1)) session.last = structuredClone(heartbeat);
    for (const minute of heartbeat.minutes) {
      session.minutes.set(minute.minuteStartUs, largerMinute(session.minutes.get(minute.minuteStartUs), minute));
    }
    return Promise.resolve();
  }

  lastHeartbeats(sensor: string, sessions?: readonly string[]): Promise<Heartbeat[]> {
    const known = [...(this.#sensors.get(sensor)?.values() ?? [])];
    return Promise.resolve(
      known
        .filter(({ session }) => sessions?.includes(session) ?? true)
        .flatMap(({ last }) => last ?? [])
        .sort((a, b) => compareText(a.session, b.session)),
    );
  }

  async openHeartbeats(sensor: string): Promise<Heartbeat[]> {
    return openOf(await this.lastHeartbeats(sensor));
  }

  minutes(sensor: string, session: string, range = ALL_TIME): Promise<MinuteCount[]> {
    const found = this.#sensors.get(sensor)?.get(session)?.minutes.values() ?? [];
    return Promise.resolve(
      [...found]
        .filter(({ minuteStartUs }) => minuteStartUs >= range.fromUs && minuteStartUs < range.toUs)
        .sort((a, b) => a.minuteStartUs - b.minuteStartUs),
    );
  }

  async *entries(sensor: string, session: string, hop: Hop): AsyncIterable<HopEntry> {
    const found = [...(this.#sensors.get(sensor)?.get(session)?.entries.get(hop)?.values() ?? [])];
    yield* await Promise.resolve(found.sort((a, b) => a.sequence - b.sequence));
  }

  sessions(): Promise<{ sensor: string; session: string }[]> {
    const all = [...this.#sensors.values()].flatMap((sessions) => [...sessions.values()]);
    return Promise.resolve(
      all
        .map(({ sensor, session }) => ({ sensor, session }))
        .sort((a, b) => compareText(a.sensor, b.sensor) || compareText(a.session, b.session)),
    );
  }
}
