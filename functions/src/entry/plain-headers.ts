/** The headers of a request, as the report stage takes them. */
import type { IncomingMessage } from 'node:http';

/** By lower-case name; of one that came several times the text into which Node joins them. */
export function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  const texts = Object.entries(headers).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}
