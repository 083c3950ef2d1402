/** Everything the page is drawn from, and what a reader can do to it. Views read this and nothing else. */
import type { TimeRange } from '@tapline/core/ports';
import type { HostFlows, HostList, HostReport } from '@tapline/core/report/host-report';
import type { TriageRequest } from '@tapline/core/triage/triage-entry';
import type {
  AlertCapture,
  AlertEvidence,
  AlertReport,
  AlertTriage,
  Overview,
  PacketPage,
  WindowReport,
} from '@tapline/core/report/snapshot';
import type { PageState } from '../state/url-state.ts';

/** Something that is fetched. `value` stays while a newer one is on its way, so nothing flickers. */
export interface Remote<T> {
  /** Address it belongs to; null = nothing asked for. */
  readonly address: string | null;
  readonly value: T | null;
  readonly error: string | null;
}

export const NOTHING: Remote<never> = { address: null, value: null, error: null };

/** An answer that comes page by page. */
export interface Browser<T> {
  readonly page: Remote<T>;
  /** Cursors of the pages up to this one; the first is the empty string. */
  readonly trail: readonly string[];
}

export const FIRST_PAGE: Browser<never> = { page: NOTHING, trail: [''] };
/** What the page says while it asks who reads. */
export interface SignInState {
  readonly message: string;
  readonly busy: boolean;
}

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export interface PageModel {
  readonly state: PageState;
  readonly overview: Remote<Overview>;
  readonly window: Remote<WindowReport>;
  readonly alert: Remote<AlertReport>;
  /** Of the open alert. */
  readonly capture: Remote<AlertCapture>;
  readonly triage: Remote<AlertTriage>;
  /** Of the page of an alert. */
  readonly evidence: Remote<AlertEvidence>;
  /** What the reader is asked before something is done about an alert. */
  readonly question: TriageQuestion | null;
  /** What was just done, and whether it can be taken back. */
  readonly said: { readonly text: string; readonly undo: boolean } | null;
  /** The text that was copied last. */
  readonly copied: string | null;
  /** When this report was saved, milliseconds since 1970; null = it is live. */
  readonly savedMs: number | null;
  readonly packets: Browser<PacketPage>;
  /** Of the hosts' page, and how many of them are asked for. */
  readonly hosts: Remote<HostList>;
  readonly hostsShown: number;
  /** Of the page of one host. */
  readonly host: Remote<HostReport>;
  readonly hostFlows: Browser<HostFlows>;
  /** Milliseconds since the last good answer, once it is too long; null = fresh. */
  readonly staleMs: number | null;
  readonly theme: Theme;
  readonly helpShown: boolean;
  /** null: nobody has to sign in, or somebody has. */
  readonly signIn: SignInState | null;
  /** E-mail address of whoever is signed in. */
  readonly reader: string | null;
  /** CSS pixels the time line and the matrix may use. */
  readonly width: number;
  readonly panelWidth: number;
  /** What pointer or keyboard points at, and what is being brushed. */
  readonly cursorUs: number | null;
  readonly brush: TimeRange | null;
}

export type TriageDeed = Omit<TriageRequest, 'id'>;

export interface TriageQuestion {
  readonly action: 'note' | 'mute';
  readonly alertId: string;
}

export interface Actions {
  /** Shows another state; `replace` leaves no step for the back button. */
  readonly go: (state: PageState, options?: { replace?: boolean }) => void;
  readonly setCursor: (timeUs: number | null) => void;
  readonly setBrush: (range: TimeRange | null) => void;
  readonly setTheme: (theme: Theme) => void;
  readonly showHelp: (shown: boolean) => void;
  readonly nextPackets: () => void;
  readonly previousPackets: () => void;
  readonly turnHostFlows: (trail: readonly string[]) => void;
  readonly showHosts: (count: number) => void;
  readonly retry: () => void;
  readonly save: (name: string, text: string) => void;
  /** Saves the SVGs inside an element as one picture. */
  readonly savePicture: (name: string, format: 'svg' | 'png', inside: Element) => void;
  /** Saves this report as one file that needs no server. */
  readonly saveReport: () => void;
  readonly print: () => void;
  readonly copy: (text: string) => void;
  readonly triage: (alertId: string, deed: TriageDeed) => void;
  /** Takes back what was done last. */
  readonly undoTriage: () => void;
  readonly showTriage: (question: TriageQuestion | null) => void;
  readonly signIn: (email: string, password: string) => void;
  readonly sendPasswordMail: (email: string) => void;
  readonly signOut: () => void;
}

export interface View {
  readonly model: PageModel;
  readonly actions: Actions;
}
