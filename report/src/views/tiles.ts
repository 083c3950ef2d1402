/** One number with its name and what it means. */
import { h, type Child, type VNode } from '../dom/vnode.ts';

export function tile(name: string, value: Child | readonly Child[], note: string): VNode {
  return h('div', { class: 'tile' }, h('dt', {}, name), h('dd', {}, value), h('dd', { class: 'tile-note' }, note));
}
