/**
 * The texts of a packet row (addresses, protocol, flags, time), each made once and then copied as bytes: captures repeat
 * a few addresses millions of times. Bounded: an address replaces whichever had its slot before.
 */
import { formatAddress } from '../packet/address.ts';
import { ADDRESS_TYPE, LAYER } from '../packet/columns.ts';
import type { PacketColumns } from '../packet/columns.ts';
import { flagsText } from '../packet/flags.ts';
import { protocolName } from '../packet/names.ts';
import { formatTime } from '../packet/time.ts';
import { asciiBytes } from './ascii.ts';

const ADDRESS_SLOTS = 8192;
const ADDRESS_SHIFT = 32 - Math.log2(ADDRESS_SLOTS);
const US_PER_SECOND = 1_000_000;
/** `.000000000Z`: what follows the second in a time. */
const FRACTION_LENGTH = 11;

export class RowTexts {
  readonly #encode: (text: string) => Uint8Array;
  readonly #addresses = new Array<Uint8Array | undefined>(ADDRESS_SLOTS);
  readonly #addressKeys = new Uint32Array(5 * ADDRESS_SLOTS);
  readonly #flags = new Array<Uint8Array | undefined>(512);
  readonly #ipProtocols = new Array<Uint8Array | undefined>(256);
  readonly #macWords = new Uint32Array(4);
  #second = NaN;
  #secondText: Uint8Array = new Uint8Array(0);

  /** `encode` turns a text into the bytes that the output wants in its place, quotes and escapes included. */
  constructor(encode: (text: string) => Uint8Array) {
    this.#encode = encode;
  }

  /** Address of row `row` of an address column; undefined when the row has none. */
  address(words: Uint32Array, row: number, type: number): Uint8Array | undefined {
    if (type === 0) return undefined;
    const keys = this.#addressKeys;
    const at = 4 * row;
    const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
    const slot =
      Math.imul(a ^ Math.imul(b ^ Math.imul(c ^ d, 0x85eb_ca77), 0xc2b2_ae3d) ^ d, 0x9e37_79b1) >>> ADDRESS_SHIFT;
    const key = 5 * slot;
    const known = this.#addresses[slot];
    const same =
      keys[key] === a && keys[key + 1] === b && keys[key + 2] === c && keys[key + 3] === d && keys[key + 4] === type;
    if (known !== undefined && same) return known;
    keys.set([a, b, c, d, type], key);
    return (this.#addresses[slot] = this.#encode(formatAddress(words, row, type)));
  }

  /** The source MAC of a row. */
  mac({ sourceMacHigh, sourceMacLow }: PacketColumns, row: number): Uint8Array | undefined {
    this.#macWords[2] = sourceMacHigh[row]!;
    this.#macWords[3] = sourceMacLow[row]!;
    return this.address(this.#macWords, 0, ADDRESS_TYPE.mac);
  }

  flags(tcpFlags: number): Uint8Array {
    const index = tcpFlags & 511;
    return (this.#flags[index] ??= this.#encode(flagsText(index)));
  }

  protocol(columns: PacketColumns, row: number): Uint8Array {
    if ((columns.layers[row]! & LAYER.ip) === 0) return this.#encode(protocolName(columns, row));
    return (this.#ipProtocols[columns.ipProtocol[row]!] ??= this.#encode(protocolName(columns, row)));
  }

  /** A time up to its whole second, unquoted; the calendar is asked once a second. */
  second(timeUs: number): Uint8Array {
    const second = Math.floor(timeUs / US_PER_SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = asciiBytes(formatTime(second * US_PER_SECOND, 0).slice(0, -FRACTION_LENGTH));
    }
    return this.#secondText;
  }
}
