/** Everything the page is drawn from, and what a reader can do to it. Views read this and nothing else. */
import type { TimeRange } from '@tapline/core/ports';
import type { Scorecard } from '@tapline/core/eval/scorecard';
import type { HostFlows, HostList, HostReport } from '@tapline/core/report/host-report';
import type { HostPorts } from '@tapline/core/report/host-ports';
import type { PacketDetail } from '@tapline/core/report/packet-detail';
import type { PipelineReport } from '@tapline/core/report/pipeline-report';
import type { SearchPage, SearchPlan } from '@tapline/core/report/search-report';
import type {
  AlertCapture,
  AlertEvidence,
  AlertReport,
  AlertTriage,
  Overview,
  PacketLine,
  PacketPage,
  WindowReport,
} from '@tapline/core/report/snapshot';
import type { TriageRequest } from '@tapline/core/triage/triage-entry';
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

/** What stands in the filter bar while somebody types there. */
export interface Draft {
  readonly text: string;
  readonly caret: number;
  /** Whether completions are shown, and which of them is chosen; -1 = none. */
  readonly open: boolean;
  readonly choice: number;
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
  readonly hostPorts: Remote<HostPorts>;
  readonly hostFlows: Browser<HostFlows>;
  /** Of the page of packets; the plan stays from its first page. */
  readonly search: Browser<SearchPage>;
  readonly searchPlan: SearchPlan | null;
  readonly draft: Draft | null;
  /** Row of the grid that the keyboard is on, -1 = none; pixels that the grid is scrolled by; the opened packet. */
  readonly activePacket: number;
  readonly packetScroll: number;
  readonly openedPacket: PacketLine | null;
  readonly detail: Remote<PacketDetail>;
  readonly pipeline: Remote<PipelineReport>;
  readonly scorecard: Remote<Scorecard>;
  /** Milliseconds since the last good answer, once it is too long; null = fresh. */
  readonly staleMs: number | null;
  /** The reader's clock when the newest answer came, milliseconds since 1970. */
  readonly nowMs: number;
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
  /** The part of a figure that pointer or keyboard points at, in words. */
  readonly pointed: Pointed | null;
}

export interface Pointed {
  readonly figure: string;
  readonly text: string;
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
  readonly point: (pointed: Pointed | null) => void;
  readonly setTheme: (theme: Theme) => void;
  readonly showHelp: (shown: boolean) => void;
  readonly nextPackets: () => void;
  readonly previousPackets: () => void;
  readonly turnHostFlows: (trail: readonly string[]) => void;
  readonly showHosts: (count: number) => void;
  readonly turnSearch: (trail: readonly string[]) => void;
  readonly setDraft: (draft: Draft | null) => void;
  readonly setActivePacket: (row: number) => void;
  readonly setPacketScroll: (pixels: number) => void;
  /** A row of the grid; null closes the packet that is open. */
  readonly openPacket: (row: number | null) => void;
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
