/** What tcpdump's text says of a packet: only what it says beyond doubt, so that a comparison cannot guess. */

export interface TcpdumpPacket {
  readonly number: number;
  /** Every `source > destination` of the record, as tcpdump writes them (`192.0.2.1.80`, `2001:db8::1`), outermost first. */
  readonly pairs: readonly (readonly [source: string, destination: string])[];
  /** TCP flags and TCP or UDP payload bytes, when the record has one such header. */
  readonly flags: string | undefined;
  readonly payloadLength: number | undefined;
  /** From the verbose IPv4 header, when the record has one. */
  readonly ttl: number | undefined;
  readonly ipId: number | undefined;
  readonly fragmentOffset: number | undefined;
  readonly ipProtocol: number | undefined;
}

const ADDRESS = String.raw`(?:\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*(?:\d+\.\d+\.\d+\.\d+)?)(?:\.\d+)?`;
const PAIR = new RegExp(String.raw`(?<![\w:.])(${ADDRESS}) > (${ADDRESS})(?=:(?:\s|$)|,)`, 'g');
const ARP_REQUEST = /Request who-has (\d+\.\d+\.\d+\.\d+)(?: \(\S+\))? tell (\d+\.\d+\.\d+\.\d+)/g;
const IPV4_HEADER =
  /IP \(tos 0x[0-9a-f]+.*?, ttl (\d+), id (\d+), offset (\d+), flags \[[^\]]*\], proto .*? \((\d+)\), length \d+/g;

/** Packets of a text that was written with `-#`; continuation lines belong to the number before them. */
export function parseTcpdump(text: string): TcpdumpPacket[] {
  const records: { number: number; text: string }[] = [];
  for (const line of text.split('\n')) {
    const head = /^ {0,4}(\d+) {2}(.*)$/.exec(line);
    if (head !== null && Number(head[1]) === records.length + 1)
      records.push({ number: Number(head[1]), text: head[2]! });
    else if (records.length > 0) records.at(-1)!.text += `\n${line}`;
  }
  return records.map(({ number, text: record }) => ({ number, ...parseRecord(record) }));
}

function parseRecord(record: string): Omit<TcpdumpPacket, 'number'> {
  const pairs = [...record.matchAll(PAIR)].map((match) => [match[1]!, match[2]!] as const);
  for (const arp of record.matchAll(ARP_REQUEST)) pairs.push([arp[2]!, arp[1]!]);
  const headers = [...record.matchAll(IPV4_HEADER)];
  const header = headers.length === 1 ? headers[0]!.slice(1).map(Number) : [];
  const tcp = [...record.matchAll(/\d: Flags \[([^\]]*)\], .*?(?<!\w)length (\d+)(?=[:,)\s]|$)/g)];
  const udp = [...record.matchAll(/: (?:\[[^\]]*\] )?UDP, length (\d+)/g)];
  const isSimple = pairs.length === 1 && !/ICMP6?[ ,]/.test(record);
  return {
    pairs,
    flags: isSimple && tcp.length === 1 ? tcp[0]![1]! : undefined,
    payloadLength: isSimple && tcp.length + udp.length === 1 ? Number(tcp[0]?.[2] ?? udp[0]![1]) : undefined,
    ttl: header[0],
    ipId: header[1],
    fragmentOffset: header[2],
    ipProtocol: header[3],
  };
}
