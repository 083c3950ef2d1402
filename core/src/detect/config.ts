/** Every threshold of every detector in one place, with where it comes from. */
import { canonical } from '../digest/canonical.ts';
import { hexName } from '../sketch/hash.ts';

export interface DetectorConfig {
  readonly synFlood: {
    /** Half-open connection requests to one service in a window. */
    readonly halfOpen: number;
    /** Half-open requests as a share of all requests to it. */
    readonly halfOpenShare: number;
    /** Share of a host's half-open requests that one port must have to be named as the target. */
    readonly portShare: number;
    /** Half-open and unrefused requests in a window when no single port stands out. */
    readonly halfOpenAnyPort: number;
    /** Distinct sources per half-open request above which the sources are called spoofed. */
    readonly spoofedShare: number;
  };
  readonly packetFlood: {
    /** Packets to one host in a window. */
    readonly packets: number;
    /** Packets to it for each packet from it. */
    readonly inOutRatio: number;
    /** Share of the packets that one port must have to be named as the target. */
    readonly portShare: number;
  };
  readonly horizontalScan: {
    readonly lookbackWindows: number;
    /** Distinct hosts that did not answer one source on one port. */
    readonly hosts: number;
    /** The same for TCP when failures exceed successes by this many: sequential hypothesis test. */
    readonly netFailures: number;
  };
  readonly verticalScan: {
    readonly lookbackWindows: number;
    /** Distinct ports of one host that did not answer one source. */
    readonly ports: number;
    /** The same for TCP when failures exceed successes by this many. */
    readonly netFailures: number;
    /** NULL, FIN, Xmas or answered lone-ACK probes. */
    readonly illegalProbes: number;
    /** UDP destination ports of classic traceroute, which fail by design. */
    readonly traceroutePorts: readonly [first: number, last: number];
  };
  /** Answered flows as a share of all, below which silence proves nothing about UDP. */
  readonly minTwoWayShare: number;
  /** Evidence per detector and window: the largest. */
  readonly evidenceLimit: number;
  /** Windows without evidence above the floor after which an episode is over. */
  readonly quietWindows: number;
}

export const DETECTOR_CONFIG: DetectorConfig = {
  synFlood: {
    // Far above what a busy service leaves half open in 10 s (RFC 4987 backlogs are hundreds), far below FastNetMon's
    // volumetric default of 20,000 packets/s.
    halfOpen: 200,
    halfOpenShare: 0.8,
    portShare: 0.5,
    // A port scan asks every port once or twice and goes slower where nothing answers; 500 a second go unanswered in a flood.
    halfOpenAnyPort: 5000,
    spoofedShare: 0.5,
  },
  packetFlood: { packets: 5000, inOutRatio: 20, portShare: 0.8 },
  horizontalScan: {
    // Zeek's Scan::Address_Scan: 25 hosts in 5 min; windows of 10 s.
    lookbackWindows: 30,
    hosts: 25,
    // Jung et al., "Fast portscan detection using sequential hypothesis testing" (S&P 2004), theta0 = 0.8, theta1 = 0.2,
    // alpha = 1e-6, beta = 0.99: ln(0.99e6) / ln(4) = 9.96 failures more than successes.
    netFailures: 10,
  },
  verticalScan: {
    // Zeek's Scan::Port_Scan: 15 ports in 5 min.
    lookbackWindows: 30,
    ports: 15,
    // The same test as for hosts, over the ports of one host.
    netFailures: 10,
    illegalProbes: 5,
    traceroutePorts: [33_434, 33_534],
  },
  minTwoWayShare: 0.2,
  evidenceLimit: 32,
  quietWindows: 3,
};

/** Hash of all the thresholds given, 12 hex digits: alerts that carry the same one were judged alike. */
export function configHash(config: object): string {
  return hexName(canonical(config)).slice(0, 12);
}
