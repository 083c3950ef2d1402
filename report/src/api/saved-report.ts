/** A report that was saved, in the document itself or as files beside it: the answers of the API, by their addresses. */
import { FOLDER_META, SAVED_ID, type SavedAnswers, type SavedFolder, type SavedHead } from '../save/saved-answers.ts';
import { ApiFailure, type NamedBlob, type ReportSource } from './client.ts';

export class SavedReport implements ReportSource {
  readonly savedMs: number;
  readonly leftOut: readonly string[];
  readonly account = null;
  private readonly answers: Readonly<Record<string, unknown>>;
  private readonly load: (kept: unknown) => Promise<unknown>;

  /** @param load makes the answer of what is kept of it */
  constructor(head: SavedHead, answers: Readonly<Record<string, unknown>>, load: (kept: unknown) => Promise<unknown>) {
    this.savedMs = head.savedMs;
    this.leftOut = head.leftOut;
    this.answers = answers;
    this.load = load;
    if (location.hash === '') history.replaceState(null, '', head.hash);
  }

  /** The report that this document holds or that lies beside it; undefined for a page that has a server to ask. */
  static async find(): Promise<SavedReport | undefined> {
    const text = document.getElementById(SAVED_ID)?.textContent;
    if (text !== undefined) {
      const content = JSON.parse(text) as SavedAnswers;
      return new SavedReport(content, content.answers, (kept) => Promise.resolve(kept));
    }
    const list = document.querySelector<HTMLMetaElement>(`meta[name=${FOLDER_META}]`)?.content;
    if (list === undefined) return undefined;
    const content = (await fileOf(list)) as SavedFolder;
    return new SavedReport(content, content.files, (name) => fileOf(list.replace(/[^/]*$/u, name as string)));
  }

  get(address: string): Promise<unknown> {
    // The overview that was saved also holds every part of it that is zoomed to.
    const found = this.answers[address] ?? (address.startsWith('overview') ? this.answers['overview'] : undefined);
    if (found !== undefined) return this.load(found);
    return Promise.reject(new ApiFailure('This saved report does not hold that.'));
  }

  post(): Promise<unknown> {
    return Promise.reject(new ApiFailure('A saved report cannot be changed.'));
  }

  downloadCapture(): Promise<NamedBlob> {
    return Promise.reject(new ApiFailure('a saved report does not hold the packets.'));
  }
}

async function fileOf(path: string): Promise<unknown> {
  const response = await fetch(path).catch(() => undefined);
  if (response?.ok !== true) throw new ApiFailure(`A file of this saved report is missing: ${path}`);
  return response.json();
}
