/** The four functions as they run on this machine: names, ports, and the topic that each is pushed. */
import type { PushedKind } from '@tapline/core/settings/topics';

export const FUNCTION_NAMES = ['parse', 'window', 'score', 'report'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

export const DEFAULT_PORT_BASE = 8091;

/** Which function takes the messages of a topic. */
export const FUNCTION_OF: Readonly<Record<PushedKind, FunctionName>> = {
  packets: 'parse',
  heartbeats: 'window',
  windows: 'score',
};

/** The port of a function: always the same for the same base, whichever functions run. */
export function portOf(name: FunctionName, base = DEFAULT_PORT_BASE): number {
  return base + FUNCTION_NAMES.indexOf(name);
}

export function urlOf(name: FunctionName, base = DEFAULT_PORT_BASE): string {
  return `http://127.0.0.1:${portOf(name, base)}/`;
}
