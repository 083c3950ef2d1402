/** `services status`: what runs, where, and what it takes; seen by asking each service, not by trusting the file. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { processFacts } from './processes.ts';
import { isRunning } from './start.ts';
import type { Service } from './service.ts';
import { describeStack, type Stack, type StackOptions } from './stack.ts';

const PROBE_MS = 2000;
/** The unit of st_blocks, whatever the file system's own is. */
const BLOCK_BYTES = 512;

export interface ServiceStatus {
  readonly service: string;
  readonly title: string;
  /** `silent`: the process lives, and does not answer. */
  readonly state: 'up' | 'silent' | 'down';
  readonly host: string;
  readonly port: number;
  readonly pid: number | null;
  readonly rssBytes: number | null;
  readonly dataBytes: number;
  readonly log: string;
}

/** One entry per service of the folder, in starting order. */
export async function servicesStatus(options: StackOptions): Promise<ServiceStatus[]> {
  const stack = describeStack(options);
  return await Promise.all(stack.services.map((service) => statusOf(stack, service)));
}

async function statusOf(stack: Stack, service: Service): Promise<ServiceStatus> {
  const id = isRunning(stack, service.name) ? stack.state.processes[service.name] : undefined;
  return {
    service: service.name,
    title: service.title,
    state: id === undefined ? 'down' : (await answers(service)) ? 'up' : 'silent',
    host: service.host,
    port: service.ports[0],
    pid: id?.pid ?? null,
    rssBytes: id === undefined ? null : (processFacts(id.pid)?.rssBytes ?? null),
    dataBytes: service.folder === undefined ? 0 : folderBytes(service.folder),
    log: service.logFile,
  };
}

async function answers(service: Service): Promise<boolean> {
  try {
    await service.probe(PROBE_MS);
    return true;
  } catch {
    return false;
  }
}

/** Bytes that the files below a folder take on disk (indexes are sparse); files may come and go meanwhile. */
function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    bytes += (file?.blocks ?? 0) * BLOCK_BYTES;
  }
  return bytes;
}
