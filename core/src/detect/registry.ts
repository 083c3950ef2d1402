/** The detectors there are, and the one call that runs them all over a pane. To add one, add it here. */
import type { Pane } from '../window/pane.ts';
import type { Evidence } from './alert.ts';
import { DETECTOR_CONFIG, type DetectorConfig } from './config.ts';
import type { Detector } from './detector.ts';
import { arpSpoofing } from './arp-spoofing.ts';
import { bruteForce } from './brute-force.ts';
import { dnsTunnel } from './dns-tunnel.ts';
import { horizontalScan } from './horizontal-scan.ts';
import { httpFlood } from './http-flood.ts';
import { icmpFlood } from './icmp-flood.ts';
import { icmpTunnel } from './icmp-tunnel.ts';
import { reflection } from './reflection.ts';
import { reflector } from './reflector.ts';
import { slowHttp } from './slow-http.ts';
import { synFlood } from './syn-flood.ts';
import { udpFlood } from './udp-flood.ts';
import { verticalScan } from './vertical-scan.ts';

export const DETECTOR_LIST: readonly Detector[] = [
  synFlood,
  udpFlood,
  icmpFlood,
  reflection,
  reflector,
  horizontalScan,
  verticalScan,
  bruteForce,
  slowHttp,
  httpFlood,
  arpSpoofing,
  dnsTunnel,
  icmpTunnel,
];

/** The evidence one pane gives, ascending by detector and entity; at most one per (detector, entity). Pure. */
export function scorePane(pane: Pane, sensor: string, config: DetectorConfig = DETECTOR_CONFIG): Evidence[] {
  const { view, windowStartUs } = pane;
  const windowEndUs = windowStartUs + pane.windowUs;
  return DETECTOR_LIST.flatMap((detector) =>
    detector
      .detect(view, config)
      .map((finding): Evidence => ({ sensor, detector: detector.name, windowStartUs, windowEndUs, ...finding })),
  ).sort(compareEvidence);
}

/** Order of all evidence: time, then detector, then entity. */
export function compareEvidence(a: Evidence, b: Evidence): number {
  if (a.windowStartUs !== b.windowStartUs) return a.windowStartUs - b.windowStartUs;
  if (a.detector !== b.detector) return a.detector < b.detector ? -1 : 1;
  return a.entity === b.entity ? 0 : a.entity < b.entity ? -1 : 1;
}
