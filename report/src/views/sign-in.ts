/** What stands in the page's place while the API asks who reads: address, password, and what went wrong. */
import { h, type VNode } from '../dom/vnode.ts';
import type { View } from './model.ts';

const field = (form: Element, name: string): string => form.querySelector<HTMLInputElement>(`[name=${name}]`)!.value;

const formOf = (event: Event): Element => (event.target as Element).closest('form')!;

export function signInView({ model, actions }: View): VNode {
  const { busy, message } = model.signIn!;
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = formOf(event);
    actions.signIn(field(form, 'email').trim(), field(form, 'password'));
  };
  const mail = (event: Event): void => {
    const form = formOf(event);
    if (!form.querySelector<HTMLInputElement>('[name=email]')!.reportValidity()) return;
    actions.sendPasswordMail(field(form, 'email').trim());
  };
  return h(
    'main',
    { key: 'sign-in', id: 'main', class: 'sign-in' },
    h(
      'form',
      { class: 'panel', 'aria-labelledby': 'sign-in-title', onsubmit: submit },
      h('h1', { id: 'sign-in-title' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'Sign in to Tapline'),
      h('p', { role: 'status', class: 'sign-in-message' }, message),
      h('label', {}, 'E-mail', h('input', { name: 'email', type: 'email', autocomplete: 'username', required: true })),
      h(
        'label',
        {},
        'Password',
        h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true }),
      ),
      h('button', { type: 'submit', disabled: busy }, busy ? 'Signing in …' : 'Sign in'),
      h('button', { type: 'button', class: 'plain', disabled: busy, onclick: mail }, 'Send me a new password'),
    ),
  );
}

/** In the page's header, while somebody is signed in. */
export function signOutButton({ model, actions }: View): VNode | null {
  if (model.reader === null) return null;
  return h('button', { type: 'button', title: `Signed in as ${model.reader}`, onclick: actions.signOut }, 'Sign out');
}
