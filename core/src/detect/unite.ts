/** Distinct contacts over several windows: the union of what each window kept. */
import { ThetaSet } from '../sketch/theta-set.ts';
import { PANE_CONTACTS } from '../window/flow-bucket.ts';
import type { Evidence } from './alert.ts';

/** Number of distinct contacts of all the evidence; exact below 1,024, then within 3 % (one standard error). */
export function uniteContacts(evidence: readonly Evidence[]): number {
  const union = new ThetaSet(PANE_CONTACTS);
  for (const { contacts, features } of evidence) {
    union.merge(ThetaSet.of(PANE_CONTACTS, contacts, features['contactsTheta']));
  }
  return Math.round(union.estimate());
}
