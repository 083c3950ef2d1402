/** CPU and memory of the sensor's process, for the heartbeat. */
import type { Vitals } from './batcher.ts';

export class VitalsMeter {
  #cpu = process.cpuUsage();
  #atMs = performance.now();

  /** CPU since the last read, in percent of one core, the resident memory, and the wall clock. */
  read(): Vitals {
    const nowMs = performance.now();
    const used = process.cpuUsage(this.#cpu);
    const elapsedUs = Math.max(1, (nowMs - this.#atMs) * 1000);
    this.#cpu = process.cpuUsage();
    this.#atMs = nowMs;
    return {
      arrivalUs: Date.now() * 1000,
      cpuPercent: Math.round(((used.user + used.system) / elapsedUs) * 1000) / 10,
      rssBytes: process.memoryUsage.rss(),
    };
  }
}
