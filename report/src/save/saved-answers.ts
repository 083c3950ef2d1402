/** What a saved report is made of: the answers of the API that the page would ask for, in a file or a folder. */

export interface SavedHead {
  readonly version: 1;
  /** When it was saved, milliseconds since 1970. */
  readonly savedMs: number;
  /** The state of the page, as its hash. */
  readonly hash: string;
  /** Sentences that say what it does not hold. */
  readonly leftOut: readonly string[];
}

/** One file that holds everything. */
export interface SavedAnswers extends SavedHead {
  readonly answers: Readonly<Record<string, unknown>>;
}

/** The list of a folder's files. */
export interface SavedFolder extends SavedHead {
  /** Name of the file of an answer, beside the list, by the address that was asked. */
  readonly files: Readonly<Record<string, string>>;
}

/** Id of the element that holds the answers in a file of its own. */
export const SAVED_ID = 'tapline-saved';
/** Name of the meta element that says where a folder's list is. */
export const FOLDER_META = 'tapline-saved-list';
