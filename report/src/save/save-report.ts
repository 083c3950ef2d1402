/** "Save this report": gathers the answers and hands the reader one HTML file (save/saved-html.ts) for a colleague. */
import type { ReportSource } from '../api/client.ts';
import { saveBlob } from '../browser.ts';
import { formatState } from '../state/url-state.ts';
import type { PageModel } from '../views/model.ts';
import { collect, type Collected } from './collect.ts';
import { savedHtml } from './saved-html.ts';

/** As much as mail takes; and fewer answers than a hosted report gives one reader in a minute. */
const LIMITS = { sizeMost: 20e6, requestsMost: 550 };
/** Longer nobody waits for a file. */
const WAIT_MOST_MS = 15_000;

/** @returns what it holds */
export async function saveReport(source: ReportSource, model: PageModel): Promise<Collected> {
  const untilMs = performance.now() + WAIT_MOST_MS;
  const limits = { ...LIMITS, isLate: () => performance.now() > untilMs };
  const collected = await collect((address) => source.get(address), model.state, limits);
  const [script, style, icon] = await Promise.all(ownFiles().map(textOf));
  const { answers, leftOut } = collected;
  const head = { version: 1, savedMs: Date.now(), hash: formatState(model.state), leftOut } as const;
  const html = await savedHtml({ ...head, answers }, script!, style!, icon!);
  saveBlob(fileName(model), new Blob([html], { type: 'text/html;charset=utf-8' }));
  return collected;
}

const fileName = ({ overview }: PageModel): string => {
  const sensor = (overview.value?.sensor ?? 'report').replaceAll(/[^A-Za-z0-9.-]+/gu, '-').slice(0, 60);
  return `tapline-${sensor}-${new Date().toISOString().slice(0, 16).replaceAll(':', '')}.html`;
};

/** Where this page has its script, its style and its icon from: their names change with what is in them. */
const ownFiles = (): string[] => [
  document.querySelector<HTMLScriptElement>('script[src]')!.src,
  document.querySelector<HTMLLinkElement>('link[rel=stylesheet]')!.href,
  document.querySelector<HTMLLinkElement>('link[rel=icon]')!.href,
];

const textOf = async (path: string): Promise<string> => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.text();
};
