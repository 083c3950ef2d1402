/** A report that was saved into the document itself: the answers of the API, by their addresses. Nothing is ever requested. */
import { ApiFailure, type NamedBlob, type ReportSource } from './client.ts';

/** What is saved: see save/save-report.ts. */
export interface SavedAnswers {
  readonly version: 1;
  /** When it was saved, milliseconds since 1970. */
  readonly savedMs: number;
  /** The state of the page, as its hash. */
  readonly hash: string;
  readonly answers: Readonly<Record<string, unknown>>;
}

export const SAVED_ID = 'tapline-saved';

export class SavedReport implements ReportSource {
  readonly savedMs: number;
  readonly account = null;
  private readonly content: SavedAnswers;

  constructor(content: SavedAnswers) {
    this.content = content;
    this.savedMs = content.savedMs;
  }

  /** The report that this document holds, shown as it was saved; undefined for a page that has a server. */
  static inDocument(): SavedReport | undefined {
    const text = document.getElementById(SAVED_ID)?.textContent;
    if (text === undefined) return undefined;
    const content = JSON.parse(text) as SavedAnswers;
    if (location.hash === '') history.replaceState(null, '', content.hash);
    return new SavedReport(content);
  }

  get(address: string): Promise<unknown> {
    const { answers } = this.content;
    // The overview that was saved also holds every part of it that is zoomed to.
    const found = answers[address] ?? (address.startsWith('overview') ? answers['overview'] : undefined);
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(new ApiFailure('This saved report does not hold that.'));
  }

  post(): Promise<unknown> {
    return Promise.reject(new ApiFailure('A saved report cannot be changed.'));
  }

  downloadCapture(): Promise<NamedBlob> {
    return Promise.reject(new ApiFailure('a saved report does not hold the packets.'));
  }
}
