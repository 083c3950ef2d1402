/**
 * The page as values: charts and views are pure functions that return these nodes, `patch` makes the document match and
 * `markup` writes them as text for the golden files. Text only ever becomes text nodes and attribute values, never HTML.
 */

export type Handler = (event: Event) => void;
export type Child = VNode | string | number | null | false;

export type Properties = Readonly<
  Record<string, string | number | boolean | null | undefined | Handler | Readonly<Record<string, string>>>
>;

export interface VNode {
  readonly tag: string;
  /** Tells siblings apart when their number or order changes. */
  readonly key: string | null;
  /** Attributes; null and false leave the attribute out, true writes it empty. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Set through the CSSOM, which a strict Content-Security-Policy allows. */
  readonly style: Readonly<Record<string, string>>;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly children: readonly (VNode | string)[];
}

const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

/** Characters that reorder or hide what stands around them: in a packet's text they are only ever there to deceive. */
const DECEIVING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** The text with deceiving characters made visible as their code points. */
export function visible(text: string): string {
  return text.replace(
    DECEIVING,
    (character) => `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
}

/** Attributes that a reader sees or hears. */
const SPOKEN = new Set(['title', 'aria-label', 'data-says']);

/**
 * Makes a node. `onclick: f` attaches a handler, `style: {…}` sets CSS properties, `key` names the node among its
 * siblings, everything else is an attribute.
 */
export function h(tag: string, properties: Properties, ...children: readonly (Child | readonly Child[])[]): VNode {
  const attributes: Record<string, string> = {};
  const handlers: Record<string, Handler> = {};
  let style: Readonly<Record<string, string>> = {};
  let key: string | null = null;
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') handlers[name.slice(2)] = value;
    else if (typeof value === 'object') style = value;
    else if (name === 'key') key = String(value);
    else attributes[name] = value === true ? '' : SPOKEN.has(name) ? visible(String(value)) : String(value);
  }
  const kept: (VNode | string)[] = [];
  for (const child of children.flat()) {
    if (child === null || child === false) continue;
    kept.push(typeof child === 'object' ? child : visible(String(child)));
  }
  return { tag, key, attributes, style, handlers, children: kept };
}

/** What a node was last made to look like, and the one listener that passes events on to its current handlers. */
interface Memory {
  node: VNode;
  listen: (event: Event) => void;
}
const memories = new WeakMap<Element, Memory>();

const create = (node: VNode, namespace: string | null): Element => {
  const inside = node.tag === 'svg' ? SVG_NAMESPACE : namespace;
  const element = inside === null ? document.createElement(node.tag) : document.createElementNS(inside, node.tag);
  const memory: Memory = {
    node: { ...node, attributes: {}, style: {}, handlers: {} },
    listen: (event) => {
      memory.node.handlers[event.type]?.(event);
    },
  };
  memories.set(element, memory);
  update(element, node, inside);
  return element;
};

const update = (element: Element, node: VNode, namespace: string | null): void => {
  const memory = memories.get(element)!;
  const before = memory.node;
  // Whoever keeps a node and returns it again says that nothing in it has changed.
  if (before === node) return;
  for (const name of Object.keys(before.attributes)) {
    if (!(name in node.attributes)) element.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(node.attributes)) {
    if (before.attributes[name] !== value) element.setAttribute(name, value);
    // The attribute of an input is only its first value; what the reader sees is the property.
    if (name === 'value' && 'value' in element && element.value !== value) element.value = value;
  }
  const { style } = element as HTMLElement | SVGElement;
  for (const name of Object.keys(before.style)) if (!(name in node.style)) style.removeProperty(name);
  for (const [name, value] of Object.entries(node.style)) {
    if (before.style[name] !== value) style.setProperty(name, value);
  }
  for (const type of Object.keys(before.handlers)) {
    if (!(type in node.handlers)) element.removeEventListener(type, memory.listen);
  }
  for (const type of Object.keys(node.handlers)) {
    if (!(type in before.handlers)) element.addEventListener(type, memory.listen);
  }
  memory.node = node;
  patchChildren(element, node.children, namespace);
};

const matches = (existing: ChildNode | undefined, wanted: VNode | string): boolean => {
  if (existing === undefined) return false;
  if (typeof wanted === 'string') return existing.nodeType === Node.TEXT_NODE;
  const memory = memories.get(existing as Element);
  return memory?.node.tag === wanted.tag && memory.node.key === wanted.key;
};

const patchChildren = (parent: Element, wanted: readonly (VNode | string)[], namespace: string | null): void => {
  const keyed = new Map<string, ChildNode>();
  for (const child of parent.childNodes) {
    const key = memories.get(child as Element)?.node.key;
    if (key !== null && key !== undefined) keyed.set(key, child);
  }
  let index = 0;
  for (const child of wanted) {
    let existing: ChildNode | undefined = parent.childNodes[index];
    if (!matches(existing, child) && typeof child !== 'string' && child.key !== null) {
      const moved = keyed.get(child.key);
      if (matches(moved, child)) {
        parent.insertBefore(moved!, existing ?? null);
        existing = moved;
      }
    }
    if (!matches(existing, child)) {
      const made = typeof child === 'string' ? document.createTextNode(child) : create(child, namespace);
      parent.insertBefore(made, existing ?? null);
    } else if (typeof child === 'string') {
      if (existing!.nodeValue !== child) existing!.nodeValue = child;
    } else {
      const element = existing as Element;
      update(element, child, element.namespaceURI === SVG_NAMESPACE ? SVG_NAMESPACE : null);
    }
    index++;
  }
  while (parent.childNodes.length > index) parent.lastChild!.remove();
};

/** Makes the children of `container` match, touching only what differs, so that focus and scrolling survive. */
export function patch(container: Element, nodes: readonly VNode[]): void {
  patchChildren(container, nodes, null);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/gu, (character) => ESCAPES[character]!);

/** The node as indented markup: one element per line, for golden files and for saving a chart as SVG. */
export function markup(node: VNode | string, indent = ''): string {
  if (typeof node === 'string') return `${indent}${escape(node)}\n`;
  const attributes = { ...node.attributes };
  const style = Object.entries(node.style).map(([name, value]) => `${name}: ${value}`);
  if (style.length > 0) attributes['style'] = style.join('; ');
  if (node.tag === 'svg') attributes['xmlns'] = SVG_NAMESPACE;
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escape(value)}"`);
  const open = `${indent}<${node.tag}${written.join('')}`;
  if (node.children.length === 0) return `${open}/>\n`;
  const [only] = node.children;
  if (node.children.length === 1 && typeof only === 'string') return `${open}>${escape(only)}</${node.tag}>\n`;
  return `${open}>\n${node.children.map((child) => markup(child, `${indent}  `)).join('')}${indent}</${node.tag}>\n`;
}
