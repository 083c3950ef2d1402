/** Signs readers in and out, and says in the form what came of it. */
import type { Account } from './api/client.ts';
import { NOTHING, type Actions, type PageModel } from './views/model.ts';

/** What the desk sees of the page. */
export interface SignInPage {
  readonly current: PageModel;
  readonly actions: Pick<Actions, 'retry'>;
  change(changes: Partial<PageModel>): void;
  /** Asks for the overview, and goes on asking. */
  poll(): Promise<void>;
}

export class SignInDesk {
  private readonly account: Account | null;
  private readonly page: SignInPage;

  constructor(account: Account | null, page: SignInPage) {
    this.account = account;
    this.page = page;
  }

  /** Shows the form, unless it is there already. */
  ask(message: string): void {
    if (this.page.current.signIn === null) this.say(message);
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.attempt(async (account) => {
      await account.signIn(email, password);
      this.page.change({ signIn: null, reader: account.reader });
      this.page.actions.retry();
      await this.page.poll();
    });
  }

  async sendPasswordMail(email: string): Promise<void> {
    await this.attempt(async (account) => {
      await account.sendPasswordMail(email);
      this.say(`A mail is on its way to ${email}.`);
    });
  }

  signOut(): void {
    this.account?.signOut();
    // What was read is not to be seen any more.
    this.page.change({ overview: NOTHING, reader: null });
    this.page.actions.retry();
    this.say('You are signed out.');
  }

  private async attempt(work: (account: Account) => Promise<void>): Promise<void> {
    if (this.account === null) return;
    this.page.change({ signIn: { busy: true, message: '' } });
    try {
      await work(this.account);
    } catch (error) {
      this.say(error instanceof Error ? error.message : 'Something went wrong.');
    }
  }

  private say(message: string): void {
    this.page.change({ signIn: { busy: false, message } });
  }
}
