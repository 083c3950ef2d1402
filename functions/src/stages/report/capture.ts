/** `/alerts/<id>/capture` and `/alerts/<id>/capture.pcapng`: what can be had of the frames behind an alert, and the frames. */
import type { Alert, PacketFilter } from '@tapline/core/detect/alert';
import { formatTime } from '@tapline/core/packet/time';
import type { FrameSink } from '@tapline/core/pcap/frame-sink';
import type { TimeRange } from '@tapline/core/ports';
import type { AlertCapture, MissingFrames } from '@tapline/core/report/snapshot';
import { NotFound, type ReportPorts } from '../report.ts';
import { findAlert } from './alerts.ts';

/** A pcapng file piece by piece, each piece the reader's own; it returns what is only known at the end, as HTTP trailers. */
export type DownloadBody = AsyncGenerator<Uint8Array, Readonly<Record<string, string>>, undefined>;

/** HTTP trailers of a download; the last is also a header, as far as it is known before. */
export const TRAILER_NAMES = 'X-Tapline-Packets, X-Tapline-Bytes, X-Tapline-Missing';

/** Hands out the frames that a filter selects, from where they were kept. */
export interface FrameShelf {
  /** What there is; never throws for what is not there. */
  survey(sensor: string, filter: PacketFilter): Promise<Omit<AlertCapture, 'version'>>;
  /** The frames, and what is known of them before; undefined when there are none to be had: `survey` says why. */
  open(sensor: string, filter: PacketFilter): Promise<OpenedFrames | undefined>;
  /**
   * Passes on the frames of a time, in the order they were kept, until there is enough or it takes too long.
   * @param sink gets them
   * @param isEnough asked now and then
   */
  look(sensor: string, within: TimeRange, sink: FrameSink, isEnough: () => boolean): Promise<Looked>;
}

/** Where was looked and what is missing there, or why nowhere. */
export type Looked =
  | { readonly from: string; readonly missing: readonly MissingFrames[]; readonly cutShort: boolean }
  | { readonly reason: string };

export interface OpenedFrames {
  readonly body: DownloadBody;
  /** HTTP headers that say what is missing. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A file to hand out, in place of an answer in JSON. */
export class Download {
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: DownloadBody;

  constructor(fileName: string, { body, headers }: OpenedFrames) {
    this.headers = {
      'Content-Type': 'application/x-pcapng',
      'Content-Disposition': `attachment; filename="${fileName}"`,
      'Cache-Control': 'private, no-store',
      ...headers,
    };
    this.stream = body;
  }
}

export const NO_SHELF =
  'This page cannot hand out the packets themselves: it reaches no flight record. Where the sensor records with ' +
  '--record DIR, tapline export gives them back.';
const NAME_MOST = 120;

export async function alertCapture(ports: ReportPorts, _query: URLSearchParams, id: string): Promise<AlertCapture> {
  const { sensor, filter } = await findAlert(ports, id);
  const found = await ports.frames?.survey(sensor, filter);
  const nothing = { from: null, reason: NO_SHELF, packets: null, bytes: null, missing: [], open: false };
  return { version: 1, ...(found ?? nothing) };
}

export async function alertDownload(ports: ReportPorts, _query: URLSearchParams, id: string): Promise<Download> {
  const alert = await findAlert(ports, id);
  const opened = await ports.frames?.open(alert.sensor, alert.filter);
  if (opened !== undefined) return new Download(fileNameOf(alert), opened);
  throw new NotFound((await alertCapture(ports, _query, id)).reason ?? NO_SHELF);
}

/** `tapline-syn-flood-192.168.50.80-20170707T120300Z.pcapng`: letters that every file system and header takes. */
export function fileNameOf({ detector, entity, windowStartUs }: Alert): string {
  const when = formatTime(windowStartUs, 0).replace(/\..*$/, 'Z').replaceAll(/[-:]/g, '');
  const who = entity.replaceAll(/[^A-Za-z0-9.]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '');
  return `${`tapline-${detector}-${who}`.slice(0, NAME_MOST)}-${when}.pcapng`;
}
