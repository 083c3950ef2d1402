/** What the page hands out frames from: the record of the run, or else the file it reads. */
import { basename, join } from 'node:path';
import { readManifest } from '@tapline/capture-agent/record/manifest';
import { openBucket } from '@tapline/capture-agent/record/open-bucket';
import type { RecordPlace } from '@tapline/capture-agent/record/recording';
import { identityOfSource } from '@tapline/capture-agent/session';
import { sourceAddress } from '@tapline/capture-agent/source/source-address';
import { choiceName, type SourceChoice } from '@tapline/capture-agent/source/source-choice';
import { inspect } from '@tapline/adapters/file/source';
import type { PacketFilter } from '@tapline/core/detect/alert';
import { PipelineError } from '@tapline/core/errors';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import type { TimeRange } from '@tapline/core/ports';
import type { AlertCapture } from '@tapline/core/report/snapshot';
import type { FrameShelf, Looked, OpenedFrames } from '@tapline/functions/stages/report/capture';
import {
  captureStream,
  countFrames,
  missingHeader,
  missingOf,
  searchWithin,
  type BeginSearch,
} from './capture-stream.ts';
import { searchRecord, type SearchedRecord } from './frame-search.ts';
import { isText, SourceFrames } from './source-frames.ts';

/** A longer count is not worth the wait: the download tells. */
const COUNT_BUDGET_MS = 2000;
/** Longer nobody waits for one packet. */
const LOOK_BUDGET_MS = 5000;

export interface ShelfOptions {
  readonly source: SourceChoice;
  readonly follow: boolean;
  /** Where the run records, if it does. */
  readonly record?: RecordPlace;
}

/** Where a filter's frames are, or why they are nowhere. */
type Place = { readonly from: string; readonly begin: BeginSearch } | { readonly reason: string };

/** The shelf of a run. Throws PipelineError USAGE when the source cannot be read. */
export async function openShelf(options: ShelfOptions): Promise<FrameShelf> {
  const { source, follow, record } = options;
  if (record !== undefined) {
    const bucket = record.bucket === undefined ? undefined : await openBucket(record.bucket, 'read');
    return new Shelf((sensor, filter) => {
      const folder = join(record.folder, sensor);
      return recordPlace({ sensor, folder, ...(bucket && { bucket }) }, filter);
    });
  }
  if (typeof source !== 'string' || follow || !isReadAgain(source)) {
    const reason = `The packets of ${choiceName(source)} pass by once and were not kept: run with --record DIR to have them here.`;
    return new Shelf(() => ({ reason }));
  }
  const identity = await identityOfSource(source);
  return new Shelf((_sensor, filter) => sourcePlace(source, identity, filter));
}

class Shelf implements FrameShelf {
  readonly #place: (sensor: string, filter: PacketFilter) => Place | Promise<Place>;

  constructor(place: (sensor: string, filter: PacketFilter) => Place | Promise<Place>) {
    this.#place = place;
  }

  async survey(sensor: string, filter: PacketFilter): Promise<Omit<AlertCapture, 'version'>> {
    const place = await this.#place(sensor, filter);
    if (!('begin' in place)) {
      return { from: null, reason: place.reason, packets: null, bytes: null, missing: [], open: false };
    }
    return { from: place.from, reason: null, ...(await countFrames(place.begin, COUNT_BUDGET_MS)) };
  }

  async open(sensor: string, filter: PacketFilter): Promise<OpenedFrames | undefined> {
    const place = await this.#place(sensor, filter);
    if (!('begin' in place)) return undefined;
    const { missing } = place.begin({ frame: () => undefined });
    return {
      body: captureStream(place.begin),
      headers: { 'X-Tapline-Missing': missingHeader(missing) },
    };
  }

  async look(sensor: string, within: TimeRange, sink: FrameSink, isEnough: () => boolean): Promise<Looked> {
    const place = await this.#place(sensor, within);
    if (!('begin' in place)) return place;
    const search = place.begin(sink);
    const cutShort = !(await searchWithin(search, LOOK_BUDGET_MS, isEnough));
    return { from: place.from, missing: missingOf(search), cutShort };
  }
}

function recordPlace(record: SearchedRecord, filter: PacketFilter): Place {
  if (readManifest(record.folder) === undefined) return { reason: 'Nothing was recorded yet.' };
  return { from: 'the flight record', begin: (sink) => searchRecord(record, [filter], sink) };
}

async function sourcePlace(source: string, identity: string | undefined, filter: PacketFilter): Promise<Place> {
  const name = basename(source);
  try {
    if ((await identityOfSource(source)) === identity) {
      if (await isText(source))
        return { reason: `${name} was text; it carries no frames, so there are no packets to hand out.` };
      return { from: name, begin: (sink) => new SourceFrames(source, filter, sink) };
    }
    return {
      reason: `${name} is another file by now, and its packets were not kept: run with --record DIR to keep them.`,
    };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return {
      reason: `${name} cannot be read any more, and its packets were not kept: run with --record DIR to keep them.`,
    };
  }
}

/** Whether it lies on this machine and gives the same bytes every time. */
function isReadAgain(source: string): boolean {
  const address = sourceAddress(source);
  return address.kind === 'directory' || (address.kind === 'file' && source !== '-' && inspect(source).isFile());
}
