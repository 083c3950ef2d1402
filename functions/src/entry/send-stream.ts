/** Writes a download into an HTTP answer no faster than the client takes it, and stops making it when the client is gone. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TRAILER_NAMES, type DownloadBody } from '../stages/report/capture.ts';

/**
 * What the body returns goes out as trailers. For HEAD nothing is made. When making the body fails the connection is cut,
 * so that nobody takes half a file for a whole one, and the error is thrown.
 */
export async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  body: DownloadBody,
): Promise<void> {
  const hasBody = request.method !== 'HEAD';
  // Only an answer in chunks has trailers: none of HTTP/1.0.
  const hasTrailers = hasBody && request.httpVersion !== '1.0';
  const gone = once(response, 'close').catch(() => undefined);
  try {
    response.writeHead(200, { ...headers, ...(hasTrailers ? { Trailer: TRAILER_NAMES } : {}) });
    while (hasBody && !response.destroyed) {
      const next = await body.next();
      if (next.done === true) {
        if (hasTrailers) response.addTrailers(next.value);
        break;
      }
      if (!response.write(next.value)) await Promise.race([once(response, 'drain').catch(() => undefined), gone]);
    }
    response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    await body.return({});
  }
}
