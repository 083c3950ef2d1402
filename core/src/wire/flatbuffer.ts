/**
 * Just enough of a FlatBuffers writer (flatbuffers.dev, "FlatBuffers Internals") for Apache Arrow's metadata: tables,
 * strings, vectors of tables and vectors of structs made of 64-bit integers. It writes forwards, parent before child, so
 * that the place of any scalar can be marked and patched later: that is what makes a message a reusable template.
 */

/** A scalar of a table; `mark` asks for the position it is written at. */
interface Scalar {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly value: number;
  readonly mark: string | undefined;
}

export type Node =
  | { readonly kind: 'table'; readonly slots: readonly (Slot | undefined)[] }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'vector'; readonly items: readonly Node[] }
  /** `words` 64-bit zeros per struct, to be patched at the marked position. */
  | { readonly kind: 'structs'; readonly count: number; readonly words: number; readonly mark: string };

type Slot = Scalar | Node;

const scalar =
  (bytes: Scalar['bytes']) =>
  (value: number, mark?: string): Scalar => ({ bytes, value, mark });

export const int8 = scalar(1);
export const int16 = scalar(2);
export const int32 = scalar(4);
export const int64 = scalar(8);
/** A table; the index of a slot is the field's id, undefined leaves the field out. */
export const table = (...slots: (Slot | undefined)[]): Node => ({ kind: 'table', slots });
export const text = (value: string): Node => ({ kind: 'string', text: value });
export const vector = (items: readonly Node[]): Node => ({ kind: 'vector', items });
export const structs = (count: number, words: number, mark: string): Node => ({ kind: 'structs', count, words, mark });

export interface Flatbuffer {
  /** Padded with zeros to a multiple of 8 bytes. */
  readonly bytes: Uint8Array;
  /** Byte position of every marked scalar, and of the first struct of every marked vector. */
  readonly marks: ReadonlyMap<string, number>;
}

/** Serializes `root`. Text must be ASCII. */
export function flatbuffer(root: Node): Flatbuffer {
  const writer = new Writer();
  writer.reference(writer.skip(4), root);
  writer.align(8);
  return { bytes: Uint8Array.from(writer.bytes), marks: writer.marks };
}

class Writer {
  readonly bytes: number[] = [];
  readonly marks = new Map<string, number>();

  align(to: number): void {
    while (this.bytes.length % to !== 0) this.bytes.push(0);
  }

  skip(size: number): number {
    const at = this.bytes.length;
    for (let index = 0; index < size; index++) this.bytes.push(0);
    return at;
  }

  /** Little-endian; negative values only up to 4 bytes. */
  put(at: number, size: number, value: number): void {
    for (let index = 0; index < Math.min(size, 4); index++) this.bytes[at + index] = (value >>> (8 * index)) & 0xff;
  }

  /** Writes `node` behind everything so far and points the 32-bit offset at `at` to it. */
  reference(at: number, node: Node): void {
    const target = this.node(node);
    this.put(at, 4, target - at);
  }

  node(node: Node): number {
    switch (node.kind) {
      case 'table':
        return this.table(node.slots);
      case 'string':
        return this.text(node.text);
      case 'vector':
        return this.vector(node.items);
      case 'structs':
        return this.structs(node);
    }
  }

  table(slots: readonly (Slot | undefined)[]): number {
    this.align(2);
    const vtable = this.skip(4 + 2 * slots.length);
    // The widest alignment any field of Arrow's metadata needs, so that fields can be placed by table offset alone.
    this.align(8);
    const start = this.skip(4);
    this.put(start, 4, start - vtable);
    const children: [number, Node][] = [];
    slots.forEach((slot, id) => {
      if (slot === undefined) return;
      const size = 'bytes' in slot ? slot.bytes : 4;
      this.align(size);
      const at = this.skip(size);
      this.put(vtable + 4 + 2 * id, 2, at - start);
      if ('bytes' in slot) this.scalar(at, slot);
      else children.push([at, slot]);
    });
    this.put(vtable, 2, 4 + 2 * slots.length);
    this.put(vtable + 2, 2, this.bytes.length - start);
    // Text last: tables that differ only in their texts are then equal up to there, which is what compresses well.
    for (const [at, child] of children) if (child.kind !== 'string') this.reference(at, child);
    for (const [at, child] of children) if (child.kind === 'string') this.reference(at, child);
    return start;
  }

  scalar(at: number, slot: Scalar): void {
    this.put(at, slot.bytes, slot.value);
    if (slot.mark !== undefined) this.marks.set(slot.mark, at);
  }

  text(value: string): number {
    this.align(4);
    const start = this.skip(4 + value.length + 1);
    this.put(start, 4, value.length);
    for (let index = 0; index < value.length; index++) this.bytes[start + 4 + index] = value.charCodeAt(index) & 0x7f;
    return start;
  }

  vector(items: readonly Node[]): number {
    this.align(4);
    const start = this.skip(4 + 4 * items.length);
    this.put(start, 4, items.length);
    items.forEach((item, index) => {
      this.reference(start + 4 + 4 * index, item);
    });
    return start;
  }

  structs(node: { count: number; words: number; mark: string }): number {
    // The length precedes the elements, and the elements want 8-byte alignment.
    this.align(4);
    if (this.bytes.length % 8 === 0) this.skip(4);
    const start = this.skip(4);
    this.put(start, 4, node.count);
    this.marks.set(node.mark, start + 4);
    this.skip(8 * node.words * node.count);
    return start;
  }
}
