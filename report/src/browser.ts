/** What the page asks of the browser beyond drawing: saving a file, remembering the colours, dialogs and scrolling. */
import { visible } from './dom/vnode.ts';
import { THEMES, type Theme } from './views/model.ts';

const THEME_KEY = 'tapline-theme';

/** Hands the reader a file. */
export function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

/** Hands the reader a table as text. */
export function saveText(name: string, text: string): void {
  saveBlob(name, new Blob([text], { type: 'text/csv;charset=utf-8' }));
}

/** False when the browser does not let a page copy. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

const applyTheme = (theme: Theme): void => {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
};

/** The reader's choice, applied to the document. Storage may be switched off, and then nothing is remembered. */
export function readTheme(): Theme {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(THEME_KEY);
  } catch {
    kept = null;
  }
  const theme = THEMES.find((name) => name === kept) ?? 'system';
  applyTheme(theme);
  return theme;
}

export function writeTheme(theme: Theme): void {
  applyTheme(theme);
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // The choice holds until the page is left.
  }
}

/** A modal dialog opens by a call, not by an attribute. */
export function syncDialog(root: Element, name: string, shown: boolean): void {
  const dialog = root.querySelector<HTMLDialogElement>(`dialog.${name}`);
  if (dialog === null || dialog.open === shown) return;
  if (shown) dialog.showModal();
  else dialog.close();
}

/** Scrolls to the side panel when it was opened out of sight, as on a phone where it is below the list. */
export function revealPanel(root: Element, name: string): void {
  const panel = root.querySelector(`.panel-${name}`);
  const top = panel?.getBoundingClientRect().top ?? 0;
  if (top >= 0 && top < window.innerHeight * 0.6) return;
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  panel?.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
}

/** The document is named after the page, so that tabs, history and screen readers tell pages apart. */
export function nameDocument(title: string): void {
  document.title = title === 'Overview' ? 'Tapline' : `${visible(title)} · Tapline`;
}

/** Whoever has to sign in can type at once. */
export function enterSignIn(): void {
  nameDocument('Sign in');
  document.querySelector<HTMLElement>('.sign-in input')?.focus();
}

/** A new page begins at its top, and the next Tab leads into it; moving the focus there has its name read out. */
export function enterPage(title: string): void {
  nameDocument(title);
  document.getElementById('main')?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}
