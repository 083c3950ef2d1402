/** The digest that a run in one process gives: what every other way of a capture through the line has to give too. */
import { tapline } from './tapline.ts';

const digests = new Map<string, Promise<string>>();

export function embeddedDigest(capture: string): Promise<string> {
  let known = digests.get(capture);
  if (known === undefined) {
    known = tapline('run', capture, '--exit', '--json').then(
      ({ stdout }) => (JSON.parse(stdout) as { digest: string }).digest,
    );
    digests.set(capture, known);
  }
  return known;
}
