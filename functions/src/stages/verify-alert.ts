/**
 * Recomputes an alert from the stored packets alone: decodes the batches around its windows, scores and folds them anew,
 * and says in which fields the outcome differs from what is stored. Rows and evidence in the store are not trusted, only
 * compared; of the rows only what no packet tells is taken: what was announced, and what the kernel dropped.
 */
import type { Alert, Evidence } from '@tapline/core/detect/alert';
import { AlertFold, UNKNOWN_WINDOW, type KnownWindow } from '@tapline/core/detect/alert-fold';
import { configHash, DETECTOR_CONFIG } from '@tapline/core/detect/config';
import { windowQuality } from '@tapline/core/detect/data-quality';
import { DETECTOR_LIST, scorePane } from '@tapline/core/detect/registry';
import { canonical } from '@tapline/core/digest/canonical';
import { PipelineError } from '@tapline/core/errors';
import type { Codec, PacketStore, ResultStore, TimeRange } from '@tapline/core/ports';
import { buildPartials } from '@tapline/core/window/build-partials';
import { Pane } from '@tapline/core/window/pane';
import { decodePartial, encodePartial } from '@tapline/core/window/partial-codec';
import { decodeBatch } from '@tapline/core/wire/batch';
import { foldReachUs } from './alert-neighbourhood.ts';
import { createParseScratch } from './parse.ts';

export interface VerifyDeps {
  readonly results: Pick<ResultStore, 'alert' | 'kpis'>;
  readonly packets: Pick<PacketStore, 'batches' | 'getBatch'>;
  readonly codecs: readonly Codec[];
}

export interface Verification {
  readonly alert: Alert;
  /** What the packets say now; undefined when they raise no such alert. */
  readonly recomputed: Alert | undefined;
  /** Fields that differ, ascending; empty when the alert is what its packets say. */
  readonly differences: readonly string[];
  /** Why a difference need not mean that anything is wrong. */
  readonly notes: readonly string[];
  readonly windows: number;
  readonly batches: number;
  readonly packets: number;
}

/** What time makes of an alert, and its packets do not. */
const NOT_FROM_PACKETS: readonly string[] = ['state', 'withdrawal'];

/**
 * @param onProgress called after each window with the packets read so far
 * @throws PipelineError USAGE when there is no such alert or it is not made from windows, STORE, WIRE_* for a damaged batch
 */
export async function verifyAlert(
  id: string,
  deps: VerifyDeps,
  onProgress: (packets: number) => void = () => undefined,
): Promise<Verification> {
  const alert = await deps.results.alert(id);
  if (alert === undefined) throw new PipelineError('USAGE', `there is no alert ${id}`);
  if (alert.isFromHistory === true || !DETECTOR_LIST.some(({ name }) => name === alert.detector)) {
    throw new PipelineError('USAGE', `${alert.detector} alerts are not made from the packets of a few windows alone`);
  }
  const [first] = await deps.results.kpis(alert.sensor, { fromUs: alert.windowStartUs, toUs: alert.windowEndUs }, 1);
  if (first === undefined) throw new PipelineError('USAGE', `the windows of alert ${id} are not stored any more`);
  const replay = new Replay(alert.sensor, first.windowEndUs - first.windowStartUs, deps, onProgress);
  const { evidence, range } = await replay.around(alert);
  const known = new Map<number, KnownWindow>();
  for (const kpi of await deps.results.kpis(alert.sensor, range)) {
    known.set(kpi.windowStartUs, { complete: kpi.complete, quality: windowQuality(kpi) });
  }
  const fold = new AlertFold((startUs) => ({ ...(known.get(startUs) ?? UNKNOWN_WINDOW), final: true }));
  fold.add(evidence);
  const recomputed = fold.alerts().find((other) => other.id === id);
  const { windows, batches, packets } = replay;
  return {
    alert,
    recomputed,
    differences: differences(alert, recomputed),
    notes: notes(alert, batches),
    windows,
    batches,
    packets,
  };
}

function differences(stored: Alert, recomputed: Alert | undefined): string[] {
  if (recomputed === undefined) return stored.state === 'withdrawn' ? [] : ['id'];
  if (stored.state === 'withdrawn') return ['state'];
  const [a, b] = [new Map(Object.entries(stored)), new Map(Object.entries(recomputed))];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((field) => !NOT_FROM_PACKETS.includes(field))
    .filter((field) => canonical(a.get(field) ?? null) !== canonical(b.get(field) ?? null))
    .sort();
}

function notes(alert: Alert, batches: number): string[] {
  const found: string[] = [];
  if (alert.config !== configHash(DETECTOR_CONFIG)) found.push('it was judged by other thresholds than these');
  const detector = DETECTOR_LIST.find(({ name }) => name === alert.detector);
  if (alert.detectorVersion !== detector?.version) {
    found.push(`it was judged by version ${alert.detectorVersion} of its detector, this is ${detector?.version}`);
  }
  if (batches === 0) found.push('none of its packets are stored any more');
  return found;
}

/** Windows scored again from stored packets. */
class Replay {
  windows = 0;
  batches = 0;
  packets = 0;
  readonly #sensor: string;
  readonly #windowUs: number;
  readonly #deps: VerifyDeps;
  readonly #onProgress: (packets: number) => void;
  readonly #scratch = createParseScratch();
  readonly #seen = new Set<string>();

  constructor(sensor: string, windowUs: number, deps: VerifyDeps, onProgress: (packets: number) => void) {
    this.#sensor = sensor;
    this.#windowUs = windowUs;
    this.#deps = deps;
    this.#onProgress = onProgress;
  }

  /** Evidence of the alert's windows, and on either side as far as any window could belong to the same episode. */
  async around(alert: Alert): Promise<{ evidence: Evidence[]; range: TimeRange }> {
    const reachUs = foldReachUs(this.#windowUs);
    const evidence = await this.#score({ fromUs: alert.windowStartUs, toUs: alert.windowEndUs });
    let fromUs = alert.windowStartUs;
    for (let quietUs = 0; quietUs < reachUs;) {
      fromUs -= this.#windowUs;
      const found = await this.#score({ fromUs, toUs: fromUs + this.#windowUs });
      evidence.push(...found);
      quietUs = found.length === 0 ? quietUs + this.#windowUs : 0;
    }
    let toUs = alert.windowEndUs;
    for (let quietUs = 0; quietUs < reachUs; toUs += this.#windowUs) {
      const found = await this.#score({ fromUs: toUs, toUs: toUs + this.#windowUs });
      evidence.push(...found);
      quietUs = found.length === 0 ? quietUs + this.#windowUs : 0;
    }
    return { evidence, range: { fromUs, toUs } };
  }

  /** The evidence of whole windows, one at a time: memory is bounded by one pane and one batch. */
  async #score({ fromUs, toUs }: TimeRange): Promise<Evidence[]> {
    const evidence: Evidence[] = [];
    for (let startUs = fromUs; startUs < toUs; startUs += this.#windowUs) {
      evidence.push(...scorePane(await this.#pane(startUs), this.#sensor));
      this.windows++;
      this.#onProgress(this.packets);
    }
    return evidence;
  }

  async #pane(windowStartUs: number): Promise<Pane> {
    const pane = new Pane(windowStartUs, this.#windowUs);
    const range = { fromUs: windowStartUs, toUs: windowStartUs + this.#windowUs };
    for await (const { id, session } of this.#deps.packets.batches(this.#sensor, range)) {
      const wire = await this.#deps.packets.getBatch(id);
      if (wire === undefined) continue;
      const { columns, coding } = this.#scratch;
      const header = decodeBatch(wire, this.#deps.codecs, columns, coding);
      const partial = buildPartials(columns, coding.index, this.#windowUs, session).get(windowStartUs);
      // Through its byte form, as it went when it was new: what is rounded or bounded there is so here.
      if (partial !== undefined) pane.add(decodePartial(encodePartial(partial)));
      if (this.#seen.has(id)) continue;
      this.#seen.add(id);
      this.batches++;
      this.packets += header.count;
    }
    return pane;
  }
}
