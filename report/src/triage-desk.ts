/**
 * Sends what the reader does about alerts, shows it at once, and can take the last of it back. Each deed has an id of its own, so
 * that a request may be sent again when nobody knows whether it arrived.
 */
import type { AlertTriage, TriageMark } from '@tapline/core/report/snapshot';
import { ApiFailure, type ReportSource } from './api/client.ts';
import { openAlert } from './state/url-state.ts';
import type { PageModel, TriageDeed } from './views/model.ts';

/** What the desk sees of the page. */
export interface DeskPage {
  readonly current: PageModel;
  change(changes: Partial<PageModel>): void;
}

const SAID_MS = 8000;
const TRIES = 3;

const PAST: Readonly<Record<TriageDeed['action'], string>> = {
  acknowledge: 'Acknowledged.',
  note: 'Note saved.',
  mute: 'Muted.',
  undo: 'Taken back.',
};

const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const markOf = (alert: string, { acknowledged, muted, notes }: AlertTriage): TriageMark => ({
  alert,
  acknowledgedBy: acknowledged?.by ?? null,
  muted: muted === null ? null : { reason: muted.text, untilUs: muted.untilUs!, by: muted.by },
  notes,
});

export class TriageDesk {
  private readonly source: ReportSource;
  private readonly page: DeskPage;
  private last: { readonly alertId: string; readonly id: string } | null = null;
  private timer = 0;

  constructor(source: ReportSource, page: DeskPage) {
    this.source = source;
    this.page = page;
  }

  async record(alertId: string, deed: TriageDeed): Promise<void> {
    const id = newId();
    try {
      const address = `alerts/${encodeURIComponent(alertId)}/triage`;
      this.show(alertId, (await this.send(address, { id, ...deed })) as AlertTriage);
    } catch (error) {
      this.say(error instanceof Error ? error.message : 'It could not be saved.', false);
      return;
    }
    this.last = deed.action === 'undo' ? null : { alertId, id };
    if (this.page.current.question !== null) this.page.change({ question: null });
    this.say(PAST[deed.action], this.last !== null);
  }

  undoLast(): void {
    const { last } = this;
    if (last === null) this.say('There is nothing to undo.', false);
    else void this.record(last.alertId, { action: 'undo', text: '', undoes: last.id });
  }

  private async send(address: string, body: object): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.source.post(address, body);
      } catch (error) {
        // An answer, also a refusal, is an answer; without one nobody knows, and the id makes asking again harmless.
        if (tries === TRIES || !(error instanceof ApiFailure) || error.answered) throw error;
      }
    }
  }

  private show(alertId: string, triage: AlertTriage): void {
    const { overview, state, triage: shown } = this.page.current;
    if (openAlert(state) === alertId) this.page.change({ triage: { ...shown, value: triage, error: null } });
    if (overview.value === null) return;
    const others = overview.value.triage.filter(({ alert }) => alert !== alertId);
    const value = { ...overview.value, triage: [...others, markOf(alertId, triage)] };
    this.page.change({ overview: { ...overview, value } });
  }

  private say(text: string, canUndo: boolean): void {
    clearTimeout(this.timer);
    this.page.change({ said: { text, undo: canUndo } });
    this.timer = window.setTimeout(() => {
      this.page.change({ said: null });
    }, SAID_MS);
  }
}
