/**
 * Downloads the packets behind an alert for a reader who is signed in: a link would go without the token, so the page asks
 * itself, says how far it is, and hands the file to the browser when it is whole. The browser keeps large ones on disk.
 */
import type { ReportSource } from './api/client.ts';
import { saveBlob } from './browser.ts';
import type { PageModel } from './views/model.ts';

/** What the download sees of the page. */
export interface DownloadPage {
  readonly current: PageModel;
  change(changes: Partial<PageModel>): void;
}

/** Progress is shown so often, whatever the network does. */
const TELL_EVERY_MS = 200;

/** Ends with the file handed over, or with the reason in the model; throws nothing. */
export async function downloadCapture(source: ReportSource, page: DownloadPage, alertId: string): Promise<void> {
  // One at a time: a second click is an impatient one.
  if (page.current.download?.busy === true) return;
  let toldMs = 0;
  const tell = (receivedBytes: number): void => {
    if (performance.now() - toldMs < TELL_EVERY_MS) return;
    toldMs = performance.now();
    page.change({ download: { alertId, receivedBytes, busy: true, error: null } });
  };
  tell(0);
  try {
    const { name, blob } = await source.downloadCapture(alertId, tell);
    saveBlob(name, blob);
    page.change({ download: { alertId, receivedBytes: blob.size, busy: false, error: null } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'something went wrong.';
    page.change({ download: { alertId, receivedBytes: 0, busy: false, error: `Not downloaded: ${reason}` } });
  }
}
