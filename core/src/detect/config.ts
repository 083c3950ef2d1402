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
  readonly dhcpFlood: {
    /** DHCP requests of clients to all servers of a segment together, in two windows. */
    readonly requests: number;
  };
  readonly reflection: {
    /** Bytes nobody asked for, in a window, when they are large or fragmented and of `reflectors` hosts. */
    readonly bytes: number;
    readonly meanBytes: number;
    readonly fragmentShare: number;
    readonly reflectors: number;
    /** A service of which one server is enough. */
    readonly loudestPort: number;
    /** Or: packets nobody asked for, of `manyReflectors` hosts, whatever their size. */
    readonly packets: number;
    readonly manyReflectors: number;
    /** Unasked packets for each question the host asked such services itself. */
    readonly unaskedRatio: number;
  };
  readonly reflector: {
    readonly lookbackWindows: number;
    /** Bytes answered, over the lookback. */
    readonly answerBytes: number;
    readonly outInRatio: number;
    readonly questions: number;
  };
  /** Where HTTP is spoken. */
  readonly webPorts: readonly number[];
  readonly httpFlood: {
    /** New connections of one source to one service in a window, with a request each. */
    readonly connections: number;
    /** Requests of one source to one service in a window, on any number of connections. */
    readonly requests: number;
  };
  readonly slowHttp: {
    readonly lookbackWindows: number;
    /** Payload of a client in a window up to which it trickles. */
    readonly trickleBytes: number;
    readonly heldUs: number;
    readonly connections: number;
    /** Share of the service's open connections that trickle. */
    readonly openShare: number;
  };
  readonly bruteForce: {
    readonly lookbackWindows: number;
    /** Ports where people log in, and ports where programs do so all day. */
    readonly peoplePorts: readonly number[];
    readonly programPorts: readonly number[];
    /** Attempts over the lookback, by kind of port (other ports count as those of programs). */
    readonly attempts: number;
    readonly attemptsOfPrograms: number;
    /** Standard deviation of sizes over their mean. */
    readonly variation: number;
    readonly variationOfPrograms: number;
    /** Payload of a connection, both ways, above which it was a session. */
    readonly payloadBytes: number;
    /** Messages of the client up to which a connection was a log-in only. */
    readonly messages: number;
    /** Messages each way from which a connection on another port may be a log-in. */
    readonly otherMessages: number;
    readonly endedShare: number;
    /** Log-ins that begin and end in one window, alike within `burstVariation`. */
    readonly burst: number;
    readonly burstVariation: number;
    readonly sprayedHosts: number;
  };
  readonly dnsTunnel: {
    readonly lookbackWindows: number;
    /** Questions on one flow in each window, summed over the lookback, and their mean payload. */
    readonly flowQuestions: number;
    readonly flowMeanBytes: number;
    /** Questions of a client to a server on any number of flows, and their mean payload. */
    readonly questions: number;
    readonly meanBytes: number;
  };
  readonly icmpTunnel: {
    readonly lookbackWindows: number;
    /** Requests, and replies. */
    readonly echoes: number;
    /** Echo payload both ways. */
    readonly bytes: number;
    /** How much requests and replies differ on average. */
    readonly differenceBytes: number;
    readonly sizeRatio: number;
  };
  readonly arpSpoofing: {
    readonly lookbackWindows: number;
    /** Windows of the lookback in which one MAC claims addresses without being asked. */
    readonly windows: number;
    /** Such claims over the lookback: replies that nobody asked for, and announcements. */
    readonly claims: number;
    /** Messages of other MACs that have the same addresses, in between. */
    readonly contradictions: number;
    /** Or, with nobody to contradict: replies that nobody asked for, and their share of all its replies. */
    readonly unasked: number;
    readonly unaskedShare: number;
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
  // A segment has a handful of DHCP requests a second, mornings included; `yersinia` and `dhcpig` send hundreds.
  dhcpFlood: { requests: 200 },
  reflection: {
    // CISA TA14-017A lists the services; a resolver's largest answers are near 4,000 bytes, a host's usual ones below 400.
    bytes: 1_000_000,
    meanBytes: 400,
    fragmentShare: 0.3,
    reflectors: 10,
    // memcached: one server alone answers ten thousand times what it was asked.
    loudestPort: 11_211,
    // Nobody gets a thousand answers in 10 s from fifty servers that it never spoke to.
    packets: 1000,
    manyReflectors: 50,
    unaskedRatio: 10,
  },
  // Ten times what was asked, and 10 MB a minute (windows of 10 s): 1.3 Mbit/s of somebody's flood.
  reflector: { lookbackWindows: 5, answerBytes: 10_000_000, outInRatio: 10, questions: 10 },
  webPorts: [80, 443, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8443, 8888, 9443],
  // A browser opens 6 connections to a host and loads a page with at most a few hundred requests; the slowest flood of
  // CICIDS2017 (GoldenEye) opens 125 connections in 10 s, Hulk 1,100. Requests: what ten such pages in 10 s would be.
  httpFlood: { connections: 100, requests: 1000 },
  // slowloris and slowhttptest send a few bytes every 10 to 15 s; Apache's default is 150 workers.
  slowHttp: { lookbackWindows: 11, trickleBytes: 600, heldUs: 30_000_000, connections: 50, openShare: 0.5 },
  bruteForce: {
    // Zeek's FTP::Bruteforcing: 20 failed log-ins in 15 min; its SSH guessing: 30 in 30 min; here over 5 min.
    lookbackWindows: 30,
    peoplePorts: [21, 22, 23, 2222, 2323, 3389, 5900, 5901],
    programPorts: [25, 110, 143, 389, 445, 465, 587, 636, 993, 995, 1433, 3306, 5432],
    attempts: 20,
    // A mail program or a web application logs in several times a minute; a guesser many times.
    attemptsOfPrograms: 60,
    variation: 0.5,
    variationOfPrograms: 0.3,
    payloadBytes: 16_000,
    // SSH (RFC 4253, 4252): version, two of key exchange, service, up to six tries (OpenSSH's MaxAuthTries).
    messages: 12,
    otherMessages: 5,
    endedShare: 0.5,
    // A person has one log-in under way, `parallel-ssh` and monitoring a few, and theirs go on to a session.
    burst: 6,
    burstVariation: 0.1,
    sprayedHosts: 5,
  },
  dnsTunnel: {
    lookbackWindows: 5,
    // A usual question is 30 to 55 bytes; one with EDNS for an IPv6 reverse name is 101.
    flowQuestions: 50,
    flowMeanBytes: 60,
    questions: 100,
    meanBytes: 110,
  },
  // Probes of the path MTU differ in size too, but are few; lost large replies pull the mean by less than this.
  icmpTunnel: { lookbackWindows: 5, echoes: 20, bytes: 5000, differenceBytes: 16, sizeRatio: 1.25 },
  arpSpoofing: {
    // Two minutes. `bettercap` repeats itself every second, `arpspoof` every 2 s, `ettercap` every 10 s; a takeover is
    // announced in a burst or two 5 s apart (`keepalived`), an address of one's own twice (RFC 5227).
    lookbackWindows: 11,
    windows: 3,
    claims: 5,
    contradictions: 1,
    // Questions and answers are counted by window: a pair that the border cuts is one answer too many.
    unasked: 6,
    unaskedShare: 0.5,
  },
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
