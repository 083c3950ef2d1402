/** Keeps the model: follows the URL, polls the API, and redraws once per animation frame when something changed. */
import type { SearchPage } from '@tapline/core/report/search-report';
import type { Overview } from '@tapline/core/report/snapshot';
import { SignInNeeded, type Account, type ReportSource } from './api/client.ts';
import {
  copyText,
  enterPage,
  enterSignIn,
  nameDocument,
  readTheme,
  revealPanel,
  saveText,
  syncDialog,
  writeTheme,
} from './browser.ts';
import { downloadCapture } from './capture-download.ts';
import { patch } from './dom/vnode.ts';
import { counted } from './format/numbers.ts';
import { saveChart } from './save/save-chart.ts';
import { saveReport } from './save/save-report.ts';
import { COSTLY, LASTING, PAGED, SINGLE, type Paged, type Single } from './asked.ts';
import { PollPace } from './poll-pace.ts';
import { HOSTS_PER_PAGE, overviewAddress } from './state/questions.ts';
import { DEFAULT_STATE, formatState, openAlert, parseState, type PageState } from './state/url-state.ts';
import { FIRST_PAGE, NOTHING, type Actions, type PageModel, type Remote } from './views/model.ts';
import { pageTitle } from './views/navigation.ts';
import { TriageDesk } from './triage-desk.ts';
import { page } from './views/page.ts';

const STALE_AFTER_MS = 5000;

/** The grid of packets before anybody touched it. */
const UNTOUCHED = { activePacket: -1, packetScroll: 0, openedPacket: null } as const;

/** Names what the side panel shows. */
const panelOf = (state: PageState): string => JSON.stringify([state.alert, state.window, state.query, state.view]);

const pageOf = ({ page, subject }: PageState): string => JSON.stringify([page, subject]);

const panelName = (state: PageState): string => {
  if (state.alert !== null) return 'alert';
  return state.window !== null ? 'window' : state.query !== null ? 'packets' : 'books';
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'Something went wrong.');

export class Controller {
  private readonly source: ReportSource;
  private readonly desk: TriageDesk;
  private readonly root: HTMLElement;
  private frame = 0;
  private timer = 0;
  private answeredMs = performance.now();
  /** Address of the overview being fetched, so that a slow server is never asked twice at once. */
  private polling: string | null = null;
  private readonly pace = new PollPace();
  private readonly askedMs = new Map<Single, number>();
  /** Something was opened: bring it into sight with the next drawing. */
  private reveal: string | null = null;
  /** The form that asks who reads is drawn. */
  private asking = false;
  /** Another page was turned to: say so with the next drawing. */
  private turned = false;
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
    point: (pointed) => {
      this.change({ pointed });
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
      if (next) void this.turnTo('packets', [...this.model.packets.trail, next]);
    },
    previousPackets: () => {
      if (this.model.packets.trail.length > 1) void this.turnTo('packets', this.model.packets.trail.slice(0, -1));
    },
    turnHostFlows: (trail) => {
      void this.turnTo('hostFlows', trail);
    },
    turnSearch: (trail) => {
      this.change({ ...UNTOUCHED });
      void this.turnTo('search', trail);
    },
    setDraft: (draft) => {
      this.change({ draft });
    },
    setActivePacket: (activePacket) => {
      this.change({ activePacket });
    },
    setPacketScroll: (packetScroll) => {
      this.change({ packetScroll });
    },
    openPacket: (openedPacket) => {
      this.change({ openedPacket, bytes: NOTHING });
      if (openedPacket !== null) this.reveal = 'packet';
      void this.load('detail');
      void this.load('bytes');
    },
    showHosts: (hostsShown) => {
      this.change({ hostsShown });
      void this.load('hosts');
    },
    retry: () => {
      this.forget();
      this.follow();
    },
    save: saveText,
    savePicture: (name, format, inside) => {
      void saveChart(name, format, inside);
    },
    saveReport: () => {
      void this.saveAll();
    },
    print: () => {
      window.print();
    },
    copy: (text) => {
      void copyText(text).then((copied) => {
        this.change(copied ? { copied: text } : { said: { text: 'The browser did not allow copying.', undo: false } });
      });
    },
    download: (alertId) => {
      void downloadCapture(this.source, this, alertId);
    },
    triage: (alertId, deed) => {
      void this.desk.record(alertId, deed);
    },
    undoTriage: () => {
      this.desk.undoLast();
    },
    showTriage: (question) => {
      this.change({ question });
    },
    signIn: (email, password) => {
      void this.visitAccount(async (account) => {
        await account.signIn(email, password);
        this.change({ signIn: null, reader: account.reader() });
        this.actions.retry();
        await this.poll();
      });
    },
    sendPasswordMail: (email) => {
      void this.visitAccount(async (account) => {
        await account.sendPasswordMail(email);
        this.change({ signIn: { busy: false, message: `A mail is on its way to ${email}.` } });
      });
    },
    signOut: () => {
      this.source.account?.signOut();
      this.forget();
      this.change({
        overview: NOTHING,
        reader: null,
        download: null,
        signIn: { busy: false, message: 'You are signed out.' },
      });
    },
  };

  constructor(root: HTMLElement, source: ReportSource) {
    this.root = root;
    this.source = source;
    this.desk = new TriageDesk(source, this);
    this.model = {
      state: parseState(location.hash),
      overview: NOTHING,
      window: NOTHING,
      alert: NOTHING,
      capture: NOTHING,
      download: null,
      triage: NOTHING,
      evidence: NOTHING,
      question: null,
      said: null,
      copied: null,
      savedMs: source.savedMs,
      leftOut: source.leftOut,
      packets: FIRST_PAGE,
      hosts: NOTHING,
      hostsShown: HOSTS_PER_PAGE,
      host: NOTHING,
      hostPorts: NOTHING,
      hostFlows: FIRST_PAGE,
      search: FIRST_PAGE,
      searchPlan: null,
      draft: null,
      ...UNTOUCHED,
      detail: NOTHING,
      bytes: NOTHING,
      pipeline: NOTHING,
      scorecard: NOTHING,
      staleMs: null,
      nowMs: Date.now(),
      theme: readTheme(),
      helpShown: false,
      signIn: null,
      reader: source.account?.reader() ?? null,
      width: 0,
      panelWidth: 0,
      cursorUs: null,
      brush: null,
      pointed: null,
    };
    nameDocument(pageTitle(this.model.state));
  }

  get current(): PageModel {
    return this.model;
  }

  /** Takes the state from the URL and asks what it needs. */
  follow(): void {
    const state = parseState(location.hash);
    const moved = overviewAddress(state) !== overviewAddress(this.model.state);
    const opened = panelOf(state) !== panelOf(this.model.state);
    const turned = pageOf(state) !== pageOf(this.model.state);
    if (turned) this.turned = true;
    if (turned || moved) this.change({ hostFlows: FIRST_PAGE });
    if (turned || moved || state.filter !== this.model.state.filter) {
      this.change({ search: FIRST_PAGE, searchPlan: null, draft: null, ...UNTOUCHED });
    }
    if (openAlert(state) !== openAlert(this.model.state)) this.change({ packets: FIRST_PAGE, ...UNTOUCHED });
    this.change({ state, ...(moved ? { cursorUs: null } : {}) });
    if (moved || this.model.overview.address === null) void this.poll();
    if (opened || (moved && state.query !== null)) this.change({ packets: FIRST_PAGE });
    if (opened && panelOf(state) !== panelOf(DEFAULT_STATE)) this.reveal = panelName(state);
    void this.openPanel();
  }

  change(changes: Partial<PageModel>): void {
    this.model = { ...this.model, ...changes };
    if (this.frame === 0) this.frame = requestAnimationFrame(this.draw);
  }

  private readonly draw = (): void => {
    this.frame = 0;
    patch(this.root, page({ model: this.model, actions: this.actions }));
    syncDialog(this.root, 'help', this.model.helpShown);
    syncDialog(this.root, 'triage-dialog', this.model.question !== null);
    const asking = this.model.signIn !== null;
    if (asking && !this.asking) enterSignIn();
    else if (!asking && this.asking) nameDocument(pageTitle(this.model.state));
    this.asking = asking;
    if (this.reveal !== null) revealPanel(this.root, this.reveal);
    this.reveal = null;
    if (this.turned) enterPage(pageTitle(this.model.state));
    this.turned = false;
  };

  /** Fetches into one field of the model; an answer that comes too late for the state is dropped. */
  private async load(field: Single): Promise<void> {
    const address = SINGLE[field](this.model);
    if (address === null) {
      if (this.model[field] !== NOTHING) this.change({ [field]: NOTHING });
      return;
    }
    this.askedMs.set(field, performance.now());
    const before: Remote<unknown> = this.model[field];
    const kept = before.address === address || LASTING.includes(field) ? before.value : null;
    this.change({ [field]: { address, value: kept, error: null } });
    const answer = await this.ask<unknown>(address);
    if (this.model[field].address === address) this.change({ [field]: { ...answer, value: answer.value ?? kept } });
  }

  private async ask<T>(address: string): Promise<Remote<T>> {
    try {
      return { address, value: (await this.source.get(address)) as T, error: null };
    } catch (error) {
      if (error instanceof SignInNeeded && this.model.signIn === null) {
        this.change({ signIn: { busy: false, message: error.message } });
      }
      return { address, value: null, error: messageOf(error) };
    }
  }

  /** Every answer but the overview's. */
  private forget(): void {
    const single = Object.fromEntries(Object.keys(SINGLE).map((field) => [field, NOTHING]));
    const paged = Object.fromEntries(Object.keys(PAGED).map((field) => [field, FIRST_PAGE]));
    this.change({ ...single, ...paged });
  }

  /** Does something of the sign-in form, which says what came of it. */
  private async visitAccount(work: (account: Account) => Promise<void>): Promise<void> {
    const { account } = this.source;
    if (account === null) return;
    this.change({ signIn: { busy: true, message: '' } });
    try {
      await work(account);
    } catch (error) {
      this.change({ signIn: { busy: false, message: messageOf(error) } });
    }
  }

  /** Asks what the state needs; while a run goes on, again with every new overview. */
  private async openPanel(): Promise<void> {
    const single = (Object.keys(SINGLE) as Single[]).filter((field) => !this.isFresh(field));
    const paged = (Object.keys(PAGED) as Paged[]).filter((field) => this.model[field].page.address === null);
    await Promise.all([
      ...single.map((field) => this.load(field)),
      ...paged.map((field) => this.turnTo(field, this.model[field].trail)),
    ]);
  }

  /** Whether a costly answer need not be asked for again. */
  private isFresh(field: Single): boolean {
    const { address, error } = this.model[field];
    const ageMs = performance.now() - (this.askedMs.get(field) ?? -Infinity);
    return address === SINGLE[field](this.model) && error === null && ageMs < (COSTLY[field] ?? 0);
  }

  private async turnTo(field: Paged, trail: readonly string[]): Promise<void> {
    const address = PAGED[field](this.model, trail.at(-1) ?? '');
    if (address === null) return;
    const kept = this.model[field].page.value;
    this.change({ [field]: { page: { address, value: kept, error: null }, trail } });
    const page = await this.ask<unknown>(address);
    if (this.model[field].page.address !== address) return;
    this.change({ [field]: { page, trail } });
    const plan = field === 'search' ? (page.value as SearchPage | null)?.plan : null;
    if (plan) this.change({ searchPlan: plan });
  }

  private async saveAll(): Promise<void> {
    this.change({ said: { text: 'Saving this report…', undo: false } });
    try {
      const { counts } = await saveReport(this.source, this.model);
      const { alerts, hosts, windows, packets } = counts;
      const held = [
        counted(alerts, 'alert'),
        counted(packets, 'packet'),
        counted(hosts, 'host'),
        counted(windows, 'window'),
      ].join(', ');
      this.change({ said: { text: `Saved with ${held}.`, undo: false } });
    } catch (error) {
      this.change({ said: { text: `Not saved: ${messageOf(error)}`, undo: false } });
    }
  }

  /** Asks for the overview, then again after a while: often while a run is going on, rarely once it has finished. */
  async poll(): Promise<void> {
    clearTimeout(this.timer);
    const address = overviewAddress(this.model.state);
    if (this.polling === address) return;
    this.polling = address;
    const startedMs = performance.now();
    const answer = await this.ask<Overview>(address);
    this.pace.answered(performance.now() - startedMs);
    if (this.polling === address) this.polling = null;
    if (address !== overviewAddress(this.model.state)) return;
    if (answer.error === null) this.answered(answer);
    else this.failed(address, answer.error);
    // Nothing to ask for until somebody has signed in, who then asks again.
    if (this.model.signIn !== null) return;
    const finished = this.model.overview.value?.run.state === 'finished' && answer.error === null;
    if (this.source.savedMs !== null) return;
    this.timer = window.setTimeout(() => void this.poll(), this.pace.delayMs(finished));
  }

  private answered(answer: Remote<Overview>): void {
    this.answeredMs = performance.now();
    const same = this.model.overview.value === answer.value && this.model.overview.error === null;
    const ended = this.model.overview.value?.run.state === 'running' && answer.value?.run.state === 'finished';
    if (!same || this.model.staleMs !== null) this.change({ overview: answer, staleMs: null });
    if (this.model.state.page === 'pipeline') this.change({ nowMs: Date.now() });
    if (ended) this.askedMs.clear();
    if (!same) void this.openPanel();
  }

  private failed(address: string, error: string): void {
    const waitedMs = performance.now() - this.answeredMs;
    const { value } = this.model.overview;
    this.change({ overview: { address, value, error }, staleMs: waitedMs > STALE_AFTER_MS ? waitedMs : null });
  }
}
