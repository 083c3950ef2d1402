/** Whether two alerts say the same, however sure time has made us of them. */
import type { Alert } from '../detect/alert.ts';
import { canonical } from './canonical.ts';

export function isSameAlert(a: Alert, b: Alert): boolean {
  return a.id === b.id && canonical(a, ['state']) === canonical(b, ['state']);
}
