/** Thresholds of what the history looks for, with where they come from. */

const HOUR_US = 3_600e6;

export const HISTORY_CONFIG = {
  beacon: {
    // RITA v5 scores 0 to 1; 0.7 is its low, 0.9 its high. Measured: jitter of 30 % gives 0.84, Poisson traffic 0.53.
    intervals: 10,
    timeScore: 0.8,
    sizeScore: 0.8,
    /** Added to both scores at the least number of intervals, less with every further one: few may be even by chance. */
    doubt: 0.1,
    doubtUntil: 30,
    /** Internal hosts that use the same destination, above which it is a service that everybody uses. */
    hosts: 2,
    /** Connections closer than this are one program at work, not a call home. */
    leastSeconds: 5,
    pairs: 1024,
    /** Connections remembered of a pair. */
    kept: 32,
    quietUs: 24 * HOUR_US,
  },
  exfiltration: {
    /** Bytes an hour from one internal host to one external host. */
    bytes: 100e6,
    /** The same where three days of the host are known, and it never sent as much. */
    knownHostBytes: 10e6,
    knownDays: 3,
    upDown: 3,
    /** Times of the most it sent one host in an hour of the days before: what comes every night is no news. */
    overOwnPast: 1.5,
    pairs: 1024,
    hosts: 1024,
    quietUs: HOUR_US,
  },
  slowScan: {
    // Zeek's 25 hosts and 15 ports, over three to six hours instead of five minutes.
    hosts: 25,
    ports: 15,
    // Jung et al. (S&P 2004), theta0 = 0.8, theta1 = 0.2, beta = 0.99: failures less successes of TCP, whatever the ports.
    // alpha = 1e-5: ln(0.99e5) / ln(4) = 8.3. A source is tested 8 times a day here and 288 times in windows of 5 min,
    // where alpha is 1e-6: so fewer failures are still the smaller risk of a false alarm.
    netFailures: 9,
    /** Times of what the source failed at in its worst such time before. */
    overOwnPast: 3,
    epochUs: 3 * HOUR_US,
    /** Failures in fast windows: the scan detectors of the windows have it. */
    fast: { hosts: 10, ports: 10, withinUs: 300e6, quietUs: 1800e6 },
    sources: 512,
    contacts: 32,
    quietUs: 3 * HOUR_US,
  },
  rarity: {
    /** -log10 of the share of the destination's service among all connections of the past days. */
    surprise: 5,
    // Slips calls 1,500 s a long connection.
    longUs: 1500e6,
    /** A pause after which a conversation is not the same any more. */
    pauseUs: 300e6,
    replyBytes: 10e6,
    days: 7,
    pairs: 512,
    quietUs: HOUR_US,
  },
  unlikeHistory: { quietWindows: 3 },
  tokens: {
    /** Windows learned from before a kind of flow can surprise: an hour of ten seconds. */
    windows: 360,
    /**
     * Flows that a kind which was never seen counts as. All unseen ones together are then about twenty: as many as kinds are
     * commonly seen once, which is what Good and Turing give to the unseen.
     */
    smoothing: 0.01,
    /** Times the flows of a usual window that one window teaches at most. */
    mostUsual: 3,
    /** Windows until what an alarm taught counts: six hours of ten seconds, as an incident becomes what the network is like. */
    heldWindows: 2160,
    days: 7,
  },
} as const;
export type HistoryConfig = typeof HISTORY_CONFIG;
