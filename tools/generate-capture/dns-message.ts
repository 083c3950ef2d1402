/**
 * DNS messages (RFC 1035 §4) for names under example.com, example.net and example.org, each a function of one random key:
 * the key is the transaction id and chooses the name, the type and the answer, so query and response agree without state.
 */

const LABELS = ['www', 'mail', 'cdn', 'api', 'img', 'static', 'updates', 'login', 'telemetry', 'files', 'news', 'shop'];
const ZONES = ['com', 'net', 'org'];
const TYPE = { a: 1, aaaa: 28 } as const;
const NAME_ERROR_EVERY = 24;

/** Writes the query of `key` at the start of `message`; returns its length. */
export function writeDnsQuery(message: Buffer, key: number): number {
  message.writeUInt16BE(key & 0xffff, 0);
  message.writeUInt16BE(0x0100, 2);
  message.writeUInt16BE(1, 4);
  message.fill(0, 6, 12);
  let at = 12;
  at = writeLabel(message, at, LABELS[(key >>> 16) % LABELS.length]!);
  if (key & 0x40000000) at = writeLabel(message, at, `srv${(key >>> 8) & 1023}`);
  at = writeLabel(message, at, 'example');
  at = writeLabel(message, at, ZONES[(key >>> 20) % ZONES.length]!);
  message[at++] = 0;
  message.writeUInt16BE(typeOf(key), at);
  message.writeUInt16BE(1, at + 2);
  return at + 4;
}

/** Writes the response of `key` at the start of `message`; returns its length. One to four addresses, or a name error. */
export function writeDnsResponse(message: Buffer, key: number): number {
  let at = writeDnsQuery(message, key);
  if ((key >>> 4) % NAME_ERROR_EVERY === 0) {
    message.writeUInt16BE(0x8183, 2);
    return at;
  }
  const answers = 1 + ((key >>> 12) & 3);
  message.writeUInt16BE(0x8180, 2);
  message.writeUInt16BE(answers, 6);
  for (let i = 0; i < answers; i++) at = writeAnswer(message, at, key, i);
  return at;
}

function writeAnswer(message: Buffer, at: number, key: number, index: number): number {
  const addressLength = typeOf(key) === TYPE.a ? 4 : 16;
  message.writeUInt16BE(0xc00c, at);
  message.writeUInt16BE(typeOf(key), at + 2);
  message.writeUInt16BE(1, at + 4);
  message.writeUInt32BE(300, at + 6);
  message.writeUInt16BE(addressLength, at + 10);
  const address = at + 12;
  message.fill(0, address, address + addressLength);
  message.writeUInt32BE(addressLength === 4 ? 0xc6120000 : 0x20010db8, address);
  message.writeUInt16BE((key + index) & 0xffff, address + addressLength - 2);
  return address + addressLength;
}

function typeOf(key: number): number {
  return key & 0x80 ? TYPE.aaaa : TYPE.a;
}

function writeLabel(message: Buffer, at: number, label: string): number {
  message[at] = label.length;
  return at + 1 + message.write(label, at + 1, 'latin1');
}
