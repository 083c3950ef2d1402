/** The line beneath a chart that says in words what pointer or keyboard points at: a tooltip that keyboards reach, too. */
import { h, type Properties, type VNode } from '../dom/vnode.ts';
import type { View } from './model.ts';

/** @param standing what is said while nothing is pointed at; it keeps its room, so that nothing moves */
export function readOut(view: View, figure: string, standing: string): VNode {
  const { pointed } = view.model;
  const text = pointed?.figure === figure ? pointed.text : null;
  return h(
    'div',
    { class: `read-out${text === null ? '' : ' pointed'}` },
    h('p', { class: 'read-out-standing' }, standing),
    h('p', { class: 'read-out-pointed', role: 'status' }, text),
  );
}

/** For the element around a chart whose parts say what they are in `data-says`. */
export function pointing(view: View, figure: string): Properties {
  const point = (event: Event): void => {
    const says = (event.target as Element).closest('[data-says]')?.getAttribute('data-says') ?? null;
    const { pointed } = view.model;
    if (says !== (pointed?.figure === figure ? pointed.text : null)) {
      view.actions.point(says === null ? null : { figure, text: says });
    }
  };
  const leave = (): void => {
    view.actions.point(null);
  };
  return { onpointerover: point, onfocusin: point, onpointerleave: leave, onfocusout: leave };
}
