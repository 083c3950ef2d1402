/** Keeps the model: follows the URL, polls the API, and redraws once per animation frame when something changed. */
import type {
  AlertCapture,
  AlertReport,
  Overview,
  PacketPage,
  SignInWay,
  WindowReport,
} from '@tapline/core/report/snapshot';
import { ApiClient, SignInNeeded } from './api/client.ts';
import { readTheme, revealPanel, saveText, syncDialog, writeTheme } from './browser.ts';
import { patch } from './dom/vnode.ts';
import { alertAddress, captureAddress, overviewAddress, packetsAddress, windowAddress } from './state/questions.ts';
import { DEFAULT_STATE, formatState, parseState, type PageState } from './state/url-state.ts';
import { NOTHING, type Actions, type PageModel, type Remote } from './views/model.ts';
import { page } from './views/page.ts';

const POLL_RUNNING_MS = 1000;
const POLL_FINISHED_MS = 10_000;
/** Between two polls the server rests this many times as long as it took to answer: a long capture costs it more. */
const POLL_REST = 8;
const STALE_AFTER_MS = 5000;

/** Names what the side panel shows. */
const panelOf = (state: PageState): string => JSON.stringify([state.alert, state.window, state.query, state.view]);

const panelName = (state: PageState): string => {
  if (state.alert !== null) return 'alert';
  return state.window !== null ? 'window' : state.query !== null ? 'packets' : 'books';
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'Something went wrong.');

export class Controller {
  private readonly client = new ApiClient();
  private readonly root: HTMLElement;
  private frame = 0;
  private timer = 0;
  private answeredMs = performance.now();
  /** Address of the overview being fetched, so that a slow server is never asked twice at once. */
  private polling: string | null = null;
  /** Something was opened: bring it into sight with the next drawing. */
  private reveal = false;
  private model: PageModel;

  readonly actions: Actions = {
    go: (state, options = {}) => {
      const hash = formatState(state);
      if (hash === location.hash) return;
      if (options.replace === true) history.replaceState(null, '', hash);
      else history.pushState(null, '', hash);
      this.follow();
    },
    setCursor: (cursorUs) => {
      this.change({ cursorUs });
    },
    setBrush: (brush) => {
      this.change({ brush });
    },
    setTheme: (theme) => {
      writeTheme(theme);
      this.change({ theme });
    },
    showHelp: (helpShown) => {
      this.change({ helpShown });
    },
    nextPackets: () => {
      const next = this.model.packets.page.value?.next;
      if (next) void this.turnTo([...this.model.packets.trail, next]);
    },
    previousPackets: () => {
      if (this.model.packets.trail.length > 1) void this.turnTo(this.model.packets.trail.slice(0, -1));
    },
    retry: () => {
      this.change({ window: NOTHING, alert: NOTHING, capture: NOTHING, packets: { page: NOTHING, trail: [''] } });
      this.follow();
    },
    save: saveText,
    signIn: (email, password) => {
      void this.signIn(async (way) => {
        await this.client.session.signIn(way, email, password);
        this.change({ signIn: null, reader: this.client.session.reader });
        this.actions.retry();
        await this.poll();
      });
    },
    sendPasswordMail: (email) => {
      void this.signIn(async (way) => {
        await this.client.session.sendPasswordMail(way, email);
        this.change({ signIn: { busy: false, message: `A mail is on its way to ${email}.` } });
      });
    },
    signOut: () => {
      this.client.signOut();
      const nothing = { overview: NOTHING, window: NOTHING, alert: NOTHING, capture: NOTHING };
      const packets = { page: NOTHING, trail: [''] };
      this.change({ ...nothing, packets, reader: null, signIn: { busy: false, message: 'You are signed out.' } });
    },
  };

  constructor(root: HTMLElement) {
    this.root = root;
    this.model = {
      state: parseState(location.hash),
      overview: NOTHING,
      window: NOTHING,
      alert: NOTHING,
      capture: NOTHING,
      packets: { page: NOTHING, trail: [''] },
      staleMs: null,
      theme: readTheme(),
      helpShown: false,
      signIn: null,
      reader: this.client.session.reader,
      width: 0,
      panelWidth: 0,
      cursorUs: null,
      brush: null,
    };
  }

  get current(): PageModel {
    return this.model;
  }

  /** Takes the state from the URL and asks what it needs. */
  follow(): void {
    const state = parseState(location.hash);
    const moved = overviewAddress(state) !== overviewAddress(this.model.state);
    const opened = panelOf(state) !== panelOf(this.model.state);
    this.change({ state, ...(moved ? { cursorUs: null } : {}) });
    if (moved || this.model.overview.address === null) void this.poll();
    if (opened || (moved && state.query !== null)) this.change({ packets: { page: NOTHING, trail: [''] } });
    if (opened && panelOf(state) !== panelOf(DEFAULT_STATE)) this.reveal = true;
    void this.openPanel();
  }

  change(changes: Partial<PageModel>): void {
    this.model = { ...this.model, ...changes };
    if (this.frame === 0) this.frame = requestAnimationFrame(this.draw);
  }

  private readonly draw = (): void => {
    this.frame = 0;
    patch(this.root, page({ model: this.model, actions: this.actions }));
    syncDialog(this.root, this.model.helpShown);
    if (this.reveal) revealPanel(this.root, panelName(this.model.state));
    this.reveal = false;
  };

  /** Fetches into one field of the model; an answer that comes too late for the state is dropped. */
  private async load(field: 'window' | 'alert' | 'capture', address: string | null): Promise<void> {
    if (address === null) {
      if (this.model[field] !== NOTHING) this.change({ [field]: NOTHING });
      return;
    }
    const before = this.model[field];
    const kept = before.address === address ? before.value : null;
    this.change({ [field]: { address, value: kept, error: null } });
    const answer = await this.ask<WindowReport | AlertReport | AlertCapture>(address);
    if (this.model[field].address === address) this.change({ [field]: { ...answer, value: answer.value ?? kept } });
  }

  private async ask<T>(address: string): Promise<Remote<T>> {
    try {
      return { address, value: (await this.client.get(address)) as T, error: null };
    } catch (error) {
      if (error instanceof SignInNeeded && this.model.signIn === null) {
        this.change({ signIn: { busy: false, message: error.message } });
      }
      return { address, value: null, error: messageOf(error) };
    }
  }

  /** Does something of the sign-in form, which says what came of it. */
  private async signIn(work: (way: SignInWay) => Promise<void>): Promise<void> {
    this.change({ signIn: { busy: true, message: '' } });
    try {
      await work(await this.client.signInWay());
    } catch (error) {
      this.change({ signIn: { busy: false, message: messageOf(error) } });
    }
  }

  private async openPanel(): Promise<void> {
    const { state, packets } = this.model;
    await Promise.all([
      this.load('window', windowAddress(state)),
      this.load('alert', alertAddress(state)),
      this.countCapture(),
      packets.page.address === null ? this.turnTo(packets.trail) : Promise.resolve(),
    ]);
  }

  /** Counting costs the server more than reading rows, so it is asked for once: when the alert opens, and at the run's end. */
  private async countCapture(): Promise<void> {
    const address = captureAddress(this.model.state);
    const { capture } = this.model;
    if (capture.address !== address || (capture.error !== null && address !== null))
      await this.load('capture', address);
  }

  private async turnTo(trail: readonly string[]): Promise<void> {
    const address = packetsAddress(this.model.state, this.model.overview.value, trail.at(-1) ?? '');
    if (address === null) return;
    const kept = this.model.packets.page.value;
    this.change({ packets: { page: { address, value: kept, error: null }, trail } });
    const page = await this.ask<PacketPage>(address);
    if (this.model.packets.page.address === address) this.change({ packets: { page, trail } });
  }

  /** Asks for the overview, then again after a while: often while a run is going on, rarely once it has finished. */
  async poll(): Promise<void> {
    clearTimeout(this.timer);
    const address = overviewAddress(this.model.state);
    if (this.polling === address) return;
    this.polling = address;
    const startedMs = performance.now();
    const answer = await this.ask<Overview>(address);
    if (this.polling === address) this.polling = null;
    if (address !== overviewAddress(this.model.state)) return;
    if (answer.error === null) this.answered(answer);
    else this.failed(address, answer.error);
    // Nothing to ask for until somebody has signed in, who then asks again.
    if (this.model.signIn !== null) return;
    const finished = this.model.overview.value?.run.state === 'finished' && answer.error === null;
    const restMs = (performance.now() - startedMs) * POLL_REST;
    const delayMs = Math.max(finished ? POLL_FINISHED_MS : POLL_RUNNING_MS, restMs);
    this.timer = window.setTimeout(() => void this.poll(), delayMs);
  }

  private answered(answer: Remote<Overview>): void {
    this.answeredMs = performance.now();
    const same = this.model.overview.value === answer.value && this.model.overview.error === null;
    const ended = this.model.overview.value?.run.state === 'running' && answer.value?.run.state === 'finished';
    if (!same || this.model.staleMs !== null) this.change({ overview: answer, staleMs: null });
    if (ended) this.change({ capture: NOTHING });
    if (!same) void this.openPanel();
  }

  private failed(address: string, error: string): void {
    const waitedMs = performance.now() - this.answeredMs;
    const { value } = this.model.overview;
    this.change({ overview: { address, value, error }, staleMs: waitedMs > STALE_AFTER_MS ? waitedMs : null });
  }
}
