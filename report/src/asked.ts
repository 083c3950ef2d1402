/** Which fields of the model hold answers, and the questions that these are the answers to. */
import {
  alertAddress,
  captureAddress,
  detailAddress,
  evidenceAddress,
  hostAddress,
  hostFlowsAddress,
  hostPortsAddress,
  hostsAddress,
  packetsAddress,
  pipelineAddress,
  scorecardAddress,
  searchAddress,
  triageAddress,
  windowAddress,
} from './state/questions.ts';
import type { PageModel } from './views/model.ts';

/** Questions with one answer, by the field of the model that holds it. */
export const SINGLE = {
  window: ({ state }) => windowAddress(state),
  alert: ({ state }) => alertAddress(state),
  capture: ({ state }) => captureAddress(state),
  triage: ({ state }) => triageAddress(state),
  evidence: ({ state }) => evidenceAddress(state),
  host: ({ state }) => hostAddress(state),
  hostPorts: ({ state }) => hostPortsAddress(state),
  hosts: ({ state, hostsShown }) => hostsAddress(state, hostsShown),
  detail: ({ state, openedPacket }) => detailAddress(state, openedPacket),
  pipeline: ({ state }) => pipelineAddress(state),
  scorecard: ({ state }) => scorecardAddress(state),
} as const satisfies Partial<Record<keyof PageModel, (model: PageModel) => string | null>>;
export type Single = keyof typeof SINGLE;

/**
 * Answers that cost the server more than reading rows, and after how many milliseconds they are asked for again while a run
 * goes on; the others are, with every new overview.
 */
export const COSTLY: Partial<Record<Single, number>> = { capture: Infinity, hostPorts: 30_000 };

/** Of these the last answer stays until the next one is there, whatever it was about: the page says what it shows. */
export const LASTING: readonly Single[] = ['host', 'hostPorts', 'hosts', 'pipeline', 'scorecard'];

/** Questions whose answers come page by page. */
export const PAGED = {
  packets: ({ state, overview }, after) => packetsAddress(state, overview.value, after),
  hostFlows: ({ state }, after) => hostFlowsAddress(state, after),
  search: ({ state }, after) => searchAddress(state, after),
} as const satisfies Partial<Record<keyof PageModel, (model: PageModel, after: string) => string | null>>;
export type Paged = keyof typeof PAGED;
