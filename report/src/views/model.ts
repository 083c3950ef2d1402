/** Everything the page is drawn from, and what a reader can do to it. Views read this and nothing else. */
import type { TimeRange } from '@tapline/core/ports';
import type { AlertCapture, AlertReport, Overview, PacketPage, WindowReport } from '@tapline/core/report/snapshot';
import type { PageState } from '../state/url-state.ts';

/** Something that is fetched. `value` stays while a newer one is on its way, so nothing flickers. */
export interface Remote<T> {
  /** Address it belongs to; null = nothing asked for. */
  readonly address: string | null;
  readonly value: T | null;
  readonly error: string | null;
}

export const NOTHING: Remote<never> = { address: null, value: null, error: null };

export interface PacketBrowser {
  readonly page: Remote<PacketPage>;
  /** Cursors of the pages before this one; the first is the empty string. */
  readonly trail: readonly string[];
}

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
  readonly packets: PacketBrowser;
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

export interface Actions {
  /** Shows another state; `replace` leaves no step for the back button. */
  readonly go: (state: PageState, options?: { replace?: boolean }) => void;
  readonly setCursor: (timeUs: number | null) => void;
  readonly setBrush: (range: TimeRange | null) => void;
  readonly setTheme: (theme: Theme) => void;
  readonly showHelp: (shown: boolean) => void;
  readonly nextPackets: () => void;
  readonly previousPackets: () => void;
  readonly retry: () => void;
  readonly save: (name: string, text: string) => void;
  readonly signIn: (email: string, password: string) => void;
  readonly sendPasswordMail: (email: string) => void;
  readonly signOut: () => void;
}

export interface View {
  readonly model: PageModel;
  readonly actions: Actions;
}
