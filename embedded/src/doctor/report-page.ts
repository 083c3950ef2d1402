/** The API behind the report page. */
import { ok, fail, type Check } from './check.ts';
import { fetchProblem } from './pubsub.ts';

const START = 'start "tapline functions" here, or name its address with --report';

export const page: Check = {
  name: 'page',
  needs: ['cassandra'],
  advice: START,
  examine: async ({ reportUrl, requestMs }) => {
    const url = new URL('api/v1/overview', reportUrl);
    let response: Response;
    try {
      response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(requestMs) });
    } catch (error) {
      return fail(`${url.href}: ${fetchProblem(error)}`, START);
    }
    const bytes = (await response.arrayBuffer()).byteLength;
    const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
    if (response.ok && isJson) return ok(`${url.href} answers with ${bytes} bytes`);
    // Before the first sensor there is nothing to report.
    if (response.status === 404 && isJson) return ok(`${url.href} answers; there is nothing to report yet`);
    const advice = response.status >= 500 ? 'look at the log of the report function' : START;
    return fail(`${url.href} answers with ${response.status}${isJson ? '' : ', which is no report'}`, advice);
  },
};
