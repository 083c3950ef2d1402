/** The fields of one layer of a packet of tshark, read as what they stand for. */
import type { ByteText } from './byte-text.ts';
import { takeEndpoint, takeMac } from './text-address.ts';
import { UNKNOWN } from './text-row.ts';
import type { Endpoint } from './text-row.ts';
import type { FieldName, TsharkPacket } from './tshark-packet.ts';

export class TsharkLayer {
  readonly #packet: TsharkPacket;
  /** The layer's place in the packet, -1 = it is not there. */
  readonly #index: number;
  readonly #text: ByteText;

  /** @param text working memory, in which `opens` leaves a field */
  constructor(packet: TsharkPacket, index: number, text: ByteText) {
    this.#packet = packet;
    this.#index = index;
    this.#text = text;
  }

  get exists(): boolean {
    return this.#index >= 0;
  }

  /** Whether only chosen fields are there. */
  get isPartial(): boolean {
    return this.#packet.isPartial;
  }

  /** Points the text at a field; false when the layer has none of that name. */
  opens(name: FieldName): boolean {
    const field = this.#index < 0 ? -1 : this.#packet.field(this.#index, name);
    if (field < 0) return false;
    this.#text.open(this.#packet.bytes, this.#packet.from(field), this.#packet.to(field));
    return true;
  }

  /** `1` or `true`. */
  isSet(name: FieldName): boolean {
    return this.opens(name) && (this.#text.peek() === 0x31 || this.#text.peek() === 0x74);
  }

  /** A decimal number, or a hexadecimal one with 0x; UNKNOWN when there is none. */
  number(name: FieldName): number {
    if (!this.opens(name)) return UNKNOWN;
    const text = this.#text;
    const { bytes, at } = text;
    if (bytes[at] !== 0x30 || at + 1 >= text.end || (bytes[at + 1]! | 0x20) !== 0x78) return text.number();
    text.at += 2;
    return text.hex();
  }

  /** The same, 0 when there is none. */
  count(name: FieldName): number {
    return Math.max(0, this.number(name));
  }

  address(name: FieldName, end: Endpoint): boolean {
    return this.opens(name) && takeEndpoint(this.#text, end);
  }

  mac(name: FieldName, words: Uint32Array): boolean {
    return this.opens(name) && takeMac(this.#text, words);
  }
}
