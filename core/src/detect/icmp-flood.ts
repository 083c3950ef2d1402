/** ICMP flood: more ICMP or ICMPv6 packets to a host than anyone who diagnoses a network sends. */
import { IP_PROTOCOL } from '../window/flow-traits.ts';
import { packetFlood } from './packet-flood.ts';

export const icmpFlood = packetFlood({
  name: 'icmp-flood',
  protocol: 'icmp',
  protocols: [IP_PROTOCOL.icmp, IP_PROTOCOL.icmpv6],
  answersClear: false,
});
