/**
 * Writes the report of stored data as files that need no Tapline: a folder for any web server (the page, and each answer
 * of the API as JSON), and in it one file that also opens from disk, where browsers let a page read nothing beside it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';
import type { ReportApi } from '@tapline/functions/stages/report';
import { collect, type CollectLimits, type Collected } from '@tapline/report/save/collect';
import { FOLDER_META } from '@tapline/report/save/saved-answers';
import { savedHtml } from '@tapline/report/save/saved-html';
import { scorecardAddress } from '@tapline/report/state/questions';
import { DEFAULT_STATE, formatState, type PageState } from '@tapline/report/state/url-state';
import { buildReport } from '../../../report/build.ts';

/** The one file is read whole by a browser. */
const LIMITS: CollectLimits = { sizeMost: 64e6, requestsMost: 20_000 };
const SINGLE_FILE = 'report.html';
const ANSWERS = 'answers';
const SCORECARD = scorecardAddress({ ...DEFAULT_STATE, page: 'scorecard' })!;

/** What a page from any server may do: read what lies beside it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** What stands there until the page is drawn, which never comes when the page was opened from disk. */
const FROM_DISK = `<p class="notice">If nothing else appears, this page was opened from disk, where browsers let it read nothing beside it: open <a href="${SINGLE_FILE}">${SINGLE_FILE}</a>, or serve this folder, for example with: python3 -m http.server</p>`;

export interface ReportFolderOptions {
  /** Must not be there, or be empty. */
  readonly folder: string;
  readonly api: ReportApi;
  /** Sensor and time; null = the newest, everything. */
  readonly state: Pick<PageState, 'sensor' | 'range'>;
  readonly nowMs: number;
  readonly limits?: CollectLimits;
}

/** @throws PipelineError USAGE when the folder holds something, or there is nothing to report */
export async function writeReportFolder(options: ReportFolderOptions): Promise<Collected> {
  const { folder, api, nowMs, limits = LIMITS } = options;
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new PipelineError('USAGE', `${folder} is not empty: name a folder that is not there yet`);
  }
  const state = { ...DEFAULT_STATE, ...options.state };
  await buildReport(folder);
  const scorecard: unknown = JSON.parse(await readFile(join(folder, 'scorecard.json'), 'utf8'));
  const collected = await collect(
    (address) => (address === SCORECARD ? Promise.resolve(scorecard) : ask(api, address)),
    state,
    limits,
  );
  const { answers, leftOut } = collected;
  const head = { version: 1, savedMs: nowMs, hash: formatState(state), leftOut } as const;
  await mkdir(join(folder, ANSWERS));
  const files: Record<string, string> = {};
  for (const [index, [address, value]] of Object.entries(answers).entries()) {
    files[address] = `${String(index + 1).padStart(5, '0')}.json`;
    await writeFile(join(folder, ANSWERS, files[address]), JSON.stringify(value));
  }
  await writeFile(join(folder, ANSWERS, 'index.json'), JSON.stringify({ ...head, files }));
  const [script, style, icon] = await Promise.all([
    asset(folder, '.js'),
    asset(folder, '.css'),
    text(folder, 'icon.svg'),
  ]);
  await writeFile(join(folder, SINGLE_FILE), await savedHtml({ ...head, answers }, script, style, icon));
  const page = (await text(folder, 'index.html'))
    .replace(
      '<meta name="viewport"',
      `<meta http-equiv="Content-Security-Policy" content="${POLICY}" />\n    <meta name="${FOLDER_META}" content="${ANSWERS}/index.json" />\n    <meta name="viewport"`,
    )
    .replace('<div id="app"></div>', `<div id="app">${FROM_DISK}</div>`);
  await writeFile(join(folder, 'index.html'), page);
  return collected;
}

/** Throws PipelineError with what the API answers. */
async function ask(api: ReportApi, address: string): Promise<unknown> {
  const url = new URL(address, 'http://report.invalid/api/v1/');
  const request = { method: 'GET', path: url.pathname, query: url.searchParams, ifNoneMatch: null };
  const { status, body } = await api(request);
  if (status === 200) return JSON.parse(body);
  throw new PipelineError('USAGE', (JSON.parse(body) as { error: { message: string } }).error.message);
}

const text = (folder: string, name: string): Promise<string> => readFile(join(folder, name), 'utf8');

async function asset(folder: string, ending: string): Promise<string> {
  const name = (await readdir(join(folder, 'assets'))).find((file) => file.endsWith(ending));
  return text(join(folder, 'assets'), name!);
}
