/** `node test/bench/score.ts`: milliseconds to score one window of 100,000 packets in 20,000 flows with every detector, and to observe it for the history, and the bytes and time of its partials. */
import { scorePane } from '@tapline/core/detect/registry';
import { internalNetworks, PRIVATE_NETWORKS } from '@tapline/core/history/host-place';
import { observe } from '@tapline/core/history/observe';
import { Pane } from '@tapline/core/window/pane';
import { encodePartial } from '@tapline/core/window/partial-codec';
import { DEFAULT_WINDOW_US } from '@tapline/core/window/time-window';
import { batchesOf, FLAG, type TestPacket } from '../helpers/packets.ts';
import { partialsOf } from '../helpers/panes.ts';

const FLOWS = 20_000;
const PACKETS_PER_FLOW = 5;
const ROUNDS = 9;

/** Five packets of flow `flow`: web, log-in, DNS, and some that fail. */
function packet(flow: number, index: number): TestPacket {
  const forth = index % 2 === 0;
  const [client, server] = [`10.${flow % 7}.${(flow >>> 8) & 63}.${flow & 255}`, `198.51.100.${1 + (flow % 50)}`];
  const [clientPort, port] = [20_000 + (flow % 40_000), [80, 443, 53, 22, 3306][flow % 5]!];
  const flags = index === 0 ? FLAG.syn : index === 1 ? FLAG.syn | FLAG.ack : FLAG.psh | FLAG.ack;
  return {
    timeUs: (index * FLOWS + flow) * 99,
    from: forth ? client : server,
    to: forth ? server : client,
    sourcePort: forth ? clientPort : port,
    destinationPort: forth ? port : clientPort,
    protocol: port === 53 ? 'udp' : 'tcp',
    flags: port === 53 ? 0 : flags,
    payload: index < 2 ? 0 : 200,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const packets = Array.from({ length: FLOWS * PACKETS_PER_FLOW }, (_, at) => packet(at % FLOWS, Math.floor(at / FLOWS)));
const batches = batchesOf(packets);
const building: number[] = [];
const scoring: number[] = [];
const observing: number[] = [];
const isInternal = internalNetworks(PRIVATE_NETWORKS);
let largest = 0;
for (let round = 0; round < ROUNDS; round++) {
  const started = performance.now();
  const partials = batches.flatMap((columns) => [...partialsOf(columns).values()]);
  building.push(performance.now() - started);
  if (round === 0) largest = Math.max(...partials.map((partial) => encodePartial(partial).length));
  const pane = new Pane(0, DEFAULT_WINDOW_US);
  for (const partial of partials) if (partial.windowStartUs === 0) pane.add(partial);
  const before = performance.now();
  const evidence = scorePane(pane, 'bench');
  const scored = performance.now();
  scoring.push(scored - before);
  observe(pane.view, isInternal, evidence);
  observing.push(performance.now() - scored);
}
process.stdout.write(
  `${packets.length} packets, ${FLOWS} flows: partials ${((1e6 * median(building)) / packets.length).toFixed(0)} ns a packet, ` +
    `largest ${largest} bytes; scoring ${median(scoring).toFixed(1)} ms (median of ${ROUNDS}, highest ${Math.max(...scoring).toFixed(1)}), observing ${median(observing).toFixed(1)} ms\n`,
);
