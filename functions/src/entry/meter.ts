/**
 * The counters of this process (core/src/cost/meter.ts). Every function adds what the platform bills it for:
 * - `function.invocations`, `function.requestBytes`: requests taken, and the bytes of their bodies;
 * - `function.requestMs`: time in requests, each counted for itself;
 * - `function.activeMs`: time with at least one request under way, which is what an instance is billed for;
 * - `function.refused`, `.quarantined`, `.failed`: requests that ended otherwise than well.
 */
import { Counters } from '@tapline/core/cost/meter';

export const meter = new Counters();
