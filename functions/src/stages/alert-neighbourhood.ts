/**
 * The alerts around one window, folded anew from the store. An episode cannot bridge a pause longer than the fold's reach,
 * so only windows up to such a pause on either side matter.
 */
import { isFromWindows, type Alert, type Evidence } from '@tapline/core/detect/alert';
import { AlertFold, UNKNOWN_WINDOW, withdrawn, type KnownWindow } from '@tapline/core/detect/alert-fold';
import { TrailingFold } from '@tapline/core/detect/trailing-fold';
import { DETECTOR_CONFIG } from '@tapline/core/detect/config';
import { windowQuality } from '@tapline/core/detect/data-quality';
import { DETECTOR_LIST } from '@tapline/core/detect/registry';
import type { KpiRow } from '@tapline/core/kpi/kpi-row';
import type { ResultStore, TimeRange } from '@tapline/core/ports';

export interface NeighbourhoodDeps {
  readonly results: Pick<ResultStore, 'kpis' | 'evidence' | 'alerts'>;
  readonly windowUs: number;
}

/** What the caller knows besides the store. */
export interface KnownStatus {
  /** Event time before which nothing of the sensor can change any more. */
  readonly finalBeforeUs: number;
  /** Windows by their start, for those whose row is not in the range that is read. */
  readonly windows: ReadonlyMap<number, KnownWindow>;
}

export interface Neighbourhood {
  /** Has taken all the evidence of the range; it looks windows up as they are known now. */
  readonly fold: AlertFold;
  readonly range: TimeRange;
  /** What the store said of the range before, withdrawn ones included. */
  readonly before: readonly Alert[];
  /** What the evidence says now. */
  readonly after: readonly Alert[];
  /** Alerts that stood before and that the evidence does not know any more, as withdrawn. */
  readonly gone: readonly Alert[];
}

/** Windows whose evidence is read at once when a fold is begun from the store. */
const WINDOWS_PER_PAGE = 64;

/**
 * A fold that has taken everything up to a sensor's newest window that a later one could extend. Reads it by pages: an
 * episode may have lasted for weeks.
 */
export async function trailingFold(
  sensor: string,
  newestUs: number,
  options: { readonly keepUs: number; readonly isFinal: (windowStartUs: number) => boolean },
  { results, windowUs }: NeighbourhoodDeps,
): Promise<TrailingFold> {
  if (newestUs === -Infinity) return new TrailingFold(options.keepUs, options.isFinal);
  const endUs = newestUs + windowUs;
  let fromUs = endUs;
  for (;;) {
    const [first] = await results.evidence(sensor, { fromUs: fromUs - foldReachUs(windowUs), toUs: fromUs });
    if (first === undefined) break;
    fromUs = first.windowStartUs;
  }
  const fold = new TrailingFold(options.keepUs, options.isFinal, fromUs);
  for (; fromUs < endUs; fromUs += WINDOWS_PER_PAGE * windowUs) {
    const range = { fromUs, toUs: Math.min(endUs, fromUs + WINDOWS_PER_PAGE * windowUs) };
    const evidence = Map.groupBy(await results.evidence(sensor, range), (one) => one.windowStartUs);
    const known = knownWindows(await results.kpis(sensor, range));
    for (const [startUs, found] of evidence) fold.add(startUs, found, known.get(startUs) ?? UNKNOWN_WINDOW);
  }
  return fold;
}

function knownWindows(kpis: readonly KpiRow[]): Map<number, KnownWindow> {
  return new Map(kpis.map((kpi) => [kpi.windowStartUs, { complete: kpi.complete, quality: windowQuality(kpi) }]));
}

/** @param known kept by reference: the fold goes on looking windows up in it */
export async function foldNeighbourhood(
  sensor: string,
  windowStartUs: number,
  known: KnownStatus,
  deps: NeighbourhoodDeps,
): Promise<Neighbourhood> {
  const { evidence, range } = await evidenceAround(sensor, windowStartUs, deps);
  const stored = knownWindows(await deps.results.kpis(sensor, range));
  const fold = new AlertFold((startUs) => ({
    ...(stored.get(startUs) ?? known.windows.get(startUs) ?? UNKNOWN_WINDOW),
    final: startUs + deps.windowUs <= known.finalBeforeUs,
  }));
  fold.add(evidence);
  const after = fold.alerts();
  const before = (await deps.results.alerts(sensor, range)).filter(isFromWindows);
  const standing = before.filter(({ state }) => state !== 'withdrawn');
  return { fold, range, before, after, gone: withdrawn(standing, after, evidence) };
}

/** No pause between two windows of one episode is longer, whatever the detector. */
export function foldReachUs(windowUs: number): number {
  const lookback = Math.max(...DETECTOR_LIST.map((detector) => detector.lookbackWindows(DETECTOR_CONFIG)));
  return (DETECTOR_CONFIG.quietWindows + lookback + 2) * windowUs;
}

/** The evidence before and after a window up to the first pause longer than the reach, and the time it spans. */
async function evidenceAround(
  sensor: string,
  windowStartUs: number,
  deps: NeighbourhoodDeps,
): Promise<{ evidence: Evidence[]; range: TimeRange }> {
  const reachUs = foldReachUs(deps.windowUs);
  let fromUs = windowStartUs;
  let toUs = windowStartUs + deps.windowUs;
  const evidence = await deps.results.evidence(sensor, { fromUs, toUs });
  for (;;) {
    const earlier = await deps.results.evidence(sensor, { fromUs: fromUs - reachUs, toUs: fromUs });
    if (earlier.length === 0) break;
    evidence.unshift(...earlier);
    fromUs = earlier[0]!.windowStartUs;
  }
  for (;;) {
    const later = await deps.results.evidence(sensor, { fromUs: toUs, toUs: toUs + reachUs });
    if (later.length === 0) break;
    evidence.push(...later);
    toUs = later[later.length - 1]!.windowEndUs;
  }
  return { evidence, range: { fromUs, toUs } };
}
