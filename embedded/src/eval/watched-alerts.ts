/** Looks on as the line raises alerts: when each was first up, and its score in every window that kept it up. */
import type { Alert } from '@tapline/core/detect/alert';
import type { RaisedAlert } from '@tapline/core/eval/judge-alerts';
import type { ResultStore } from '@tapline/core/ports';

export class WatchedAlerts {
  readonly #raised = new Map<string, { alert: Alert; readonly alarms: Map<number, number> }>();

  /** The store that the line is to write to, so that its alerts are seen. */
  watch(results: ResultStore): ResultStore {
    return {
      putWindow: (result) => results.putWindow(result),
      kpis: (...asked) => results.kpis(...asked),
      pastWindows: (...asked) => results.pastWindows(...asked),
      flows: (...asked) => results.flows(...asked),
      hostWindows: (...asked) => results.hostWindows(...asked),
      hostFlows: (...asked) => results.hostFlows(...asked),
      evidence: (...asked) => results.evidence(...asked),
      putAlerts: (alerts) => {
        for (const alert of alerts) this.#take(alert);
        return results.putAlerts(alerts);
      },
      concludeAlerts: (alerts) => results.concludeAlerts(alerts),
      alerts: (...asked) => results.alerts(...asked),
      alert: (id) => results.alert(id),
      provisional: (sensor) => results.provisional(sensor),
      putUsual: (rows) => results.putUsual(rows),
      usual: (...asked) => results.usual(...asked),
      putScores: (rows) => results.putScores(rows),
      scores: (...asked) => results.scores(...asked),
      sensors: () => results.sensors(),
    };
  }

  /** What stands, ascending by first window and id, and what has been seen so far is forgotten. */
  take(): RaisedAlert[] {
    const raised = [...this.#raised.values()];
    this.#raised.clear();
    return raised.sort((a, b) => a.alert.windowStartUs - b.alert.windowStartUs || (a.alert.id < b.alert.id ? -1 : 1));
  }

  #take(alert: Alert): void {
    if (alert.state === 'withdrawn') {
      this.#raised.delete(alert.id);
      return;
    }
    const known = this.#raised.get(alert.id);
    const alarms = known?.alarms ?? new Map<number, number>();
    // A confirmation says the same window again; its score at that time stays.
    if (!alarms.has(alert.windowEndUs)) alarms.set(alert.windowEndUs, alert.score);
    this.#raised.set(alert.id, { alert, alarms });
  }
}
