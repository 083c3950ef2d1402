/** What a sensor counts about the order in which its mirror hands it packets; cumulative over a session. */

export interface MirrorCounters {
  /** Came after a younger packet, and were put before it. */
  reordered: number;
  /** How much younger the youngest packet before one of those was. */
  displacedMostUs: number;
  /** Came too late to be put in order: sent as they came. */
  beyondHorizon: number;
  /** Left before their time because as much was held as may be. */
  releasedEarly: number;
}

export const NO_MIRROR_COUNTERS: Readonly<MirrorCounters> = {
  reordered: 0,
  displacedMostUs: 0,
  beyondHorizon: 0,
  releasedEarly: 0,
};

/** Of two sessions together: sums, and the larger displacement. */
export function addMirrorCounters(a: MirrorCounters, b: MirrorCounters): MirrorCounters {
  return {
    reordered: a.reordered + b.reordered,
    displacedMostUs: Math.max(a.displacedMostUs, b.displacedMostUs),
    beyondHorizon: a.beyondHorizon + b.beyondHorizon,
    releasedEarly: a.releasedEarly + b.releasedEarly,
  };
}
