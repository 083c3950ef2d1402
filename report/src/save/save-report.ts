/**
 * "Save this report": one HTML file with the page, its style and the answers of the API, to hand to a colleague. It is opened
 * from disk, needs no server and can ask nobody for anything: its policy allows exactly this script and this style.
 */
import { SAVED_ID, type SavedAnswers } from '../api/saved-report.ts';
import type { ReportSource } from '../api/client.ts';
import { saveBlob } from '../browser.ts';
import {
  alertAddress,
  captureAddress,
  evidenceAddress,
  overviewAddress,
  packetsAddress,
  triageAddress,
} from '../state/questions.ts';
import { formatState, withPage } from '../state/url-state.ts';
import type { PageModel } from '../views/model.ts';

/** Alerts that are saved with everything behind them, the most severe first. */
const ALERTS_MOST = 100;

/** @returns how many alerts it holds whole */
export async function saveReport(source: ReportSource, model: PageModel): Promise<number> {
  const { answers, alerts } = await collect(source, model);
  const [script, style, icon] = await Promise.all(ownFiles().map(textOf));
  const content: SavedAnswers = { version: 1, savedMs: Date.now(), hash: formatState(model.state), answers };
  const html = await savedHtml(content, script!, style!, icon!);
  saveBlob(fileName(model), new Blob([html], { type: 'text/html;charset=utf-8' }));
  return alerts;
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

/** What the page would ask for the state it is in, and for each alert's own page. What cannot be had is left out. */
async function collect(
  source: ReportSource,
  { state, overview }: PageModel,
): Promise<{ answers: Record<string, unknown>; alerts: number }> {
  const answers: Record<string, unknown> = {};
  const add = async (address: string | null): Promise<void> => {
    if (address === null) return;
    try {
      answers[address] = await source.get(address);
    } catch {
      // A part that is missing says so when it is opened.
    }
  };
  const current = await source.get(overviewAddress(state));
  answers[overviewAddress(state)] = current;
  answers['overview'] = current;
  const alerts = (overview.value?.alerts ?? []).slice(0, ALERTS_MOST);
  for (const { id } of alerts) {
    const at = withPage(state, 'alert', { subject: id });
    const addresses = [alertAddress, captureAddress, triageAddress, evidenceAddress].map((question) => question(at));
    await Promise.all([...addresses, packetsAddress(at, overview.value, '')].map(add));
  }
  return { answers: readOnly(answers), alerts: alerts.length };
}

/** Nobody can write into a file, or download from it. */
function readOnly(answers: Record<string, unknown>): Record<string, unknown> {
  for (const [address, value] of Object.entries(answers)) {
    if (address.endsWith('/triage')) answers[address] = { ...(value as object), writable: false };
    if (address.endsWith('/capture')) {
      const reason = 'A saved report does not hold the packets themselves; ask where it comes from.';
      answers[address] = { ...(value as object), from: null, reason };
    }
  }
  return answers;
}

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `'sha256-${base64(new Uint8Array(digest))}'`;
}

/** No text inside may end the element it stands in; JSON and JavaScript strings have another way to write `<`. */
const inScript = (text: string): string => text.replaceAll(/<(?=\/script|!--|script)/giu, '\\x3C');
const inJson = (text: string): string => text.replaceAll('<', '\\u003c');

export async function savedHtml(content: SavedAnswers, script: string, style: string, icon: string): Promise<string> {
  const data = `data:image/svg+xml;base64,${base64(new TextEncoder().encode(icon))}`;
  const code = inScript(script);
  const look = style.replaceAll(/url\(["']?(?:\.\.\/)?icon\.svg["']?\)/gu, `url(${data})`).replaceAll('</', '<\\/');
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(code)}`,
    `style-src ${await hashOf(look)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>Tapline</title>
    <link rel="icon" href="${data}" type="image/svg+xml">
    <style>${look}</style>
  </head>
  <body>
    <a class="skip" href="#main">Skip to the report</a>
    <div id="app"></div>
    <noscript><p class="notice">This report draws its charts with the script inside it.</p></noscript>
    <script type="application/json" id="${SAVED_ID}">${inJson(JSON.stringify(content))}</script>
    <script type="module">${code}</script>
  </body>
</html>
`;
}
