/** UDP flood: far more UDP packets to a host than from it. */
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import { packetFlood } from './packet-flood.ts';

export const udpFlood = packetFlood({
  name: 'udp-flood',
  protocol: 'udp',
  protocols: [IP_PROTOCOL.udp],
  answersClear: true,
});
