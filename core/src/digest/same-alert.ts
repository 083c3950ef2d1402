/** Whether two alerts say the same, however sure time has made us of them. */
import type { Alert } from '../detect/alert.ts';
import { canonical } from './canonical.ts';

/** What concluding an alert changes. */
const CONCLUSION: readonly (keyof Alert)[] = ['state', 'withdrawal'];

export function isSameAlert(a: Alert, b: Alert): boolean {
  return a.id === b.id && canonical(a, CONCLUSION) === canonical(b, CONCLUSION);
}
