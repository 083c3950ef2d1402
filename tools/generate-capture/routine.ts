/**
 * What makes an ordinary day of the generator: how busy each hour is, and the work that comes by the clock: monitoring every
 * minute, update checks of every client, jobs on the full hour, a backup at night.
 */
import { CLIENTS, MONITOR, OUTSIDE, SERVER } from './hosts.ts';
import type { TcpConversations } from './tcp-conversations.ts';
import { OWNER, type Traffic } from './traffic.ts';

const SECOND_US = 1e6;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
/** New conversations a second at the busiest hour, and the share of them that is left at the quietest. */
const BUSIEST = 1.2;
const QUIETEST_SHARE = 0.15;
const BUSIEST_HOUR = 14;

/** New conversations a second at a time of day: a wave over the 24 hours (UTC), busiest in the afternoon. */
export function dayArrivalsPerSecond(timeUs: number): number {
  const hour = (timeUs / HOUR_US) % 24;
  const wave = (1 + Math.cos(((hour - BUSIEST_HOUR) / 12) * Math.PI)) / 2;
  return BUSIEST * (QUIETEST_SHARE + (1 - QUIETEST_SHARE) * wave);
}

const UPDATE_SERVER = OUTSIDE + 7;
const BACKUP_BYTES = 60_000_000;
/** What comes by the clock: how often, and how early or late at most. */
const JOBS = [
  { everyUs: MINUTE_US, lateUs: SECOND_US },
  { everyUs: 15 * MINUTE_US, lateUs: 2 * MINUTE_US },
  { everyUs: HOUR_US, lateUs: 2 * SECOND_US },
  { everyUs: 24 * HOUR_US, lateUs: 10 * MINUTE_US },
] as const;
const JOB = { monitoring: 0, updates: 1, hourly: 2, backup: 3 } as const;
/** The first backup, after the capture's beginning. */
const BACKUP_AFTER_US = 2.5 * HOUR_US;

export class Routine {
  private readonly traffic: Traffic;
  private readonly tcp: TcpConversations;

  constructor(traffic: Traffic, tcp: TcpConversations) {
    this.traffic = traffic;
    this.tcp = tcp;
  }

  begin(): void {
    this.plan(JOB.monitoring, 0, 0);
    for (let client = 0; client < CLIENTS.count; client++) {
      this.plan(JOB.updates, client, this.traffic.random.unit() * JOBS[JOB.updates].everyUs);
    }
    this.plan(JOB.hourly, 0, HOUR_US);
    this.plan(JOB.backup, 0, BACKUP_AFTER_US);
  }

  /** Does the job of a slot, and plans its next time. */
  advance(slot: number): void {
    const job = slot % JOBS.length;
    const client = (slot - job) / JOBS.length;
    const { everyUs, lateUs } = JOBS[job]!;
    this.traffic.schedule(OWNER.routine, slot, everyUs + (this.traffic.random.unit() - 0.5) * lateUs);
    switch (job) {
      case JOB.monitoring:
        for (const server of [SERVER.web, SERVER.dns]) this.tcp.open({ service: 'http', client: MONITOR, server });
        this.tcp.open({ service: 'ssh', client: MONITOR, server: SERVER.ssh });
        break;
      case JOB.updates:
        this.tcp.open({ service: 'https', client: CLIENTS.first + client, server: UPDATE_SERVER });
        break;
      case JOB.hourly:
        for (let one = 0; one < CLIENTS.count; one += 3)
          this.tcp.open({ service: 'smb', client: CLIENTS.first + one, server: SERVER.files });
        break;
      default:
        this.tcp.open({ service: 'ssh', client: SERVER.files, server: UPDATE_SERVER + 1, requestBytes: BACKUP_BYTES });
    }
  }

  private plan(job: number, client: number, afterUs: number): void {
    this.traffic.schedule(OWNER.routine, client * JOBS.length + job, afterUs);
  }
}
