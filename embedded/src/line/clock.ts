/** The wall clock, for arrival times only: event time comes from packets. */
import type { Clock } from '@tapline/core/ports';

export const systemClock: Clock = { nowUs: () => Date.now() * 1000 };
