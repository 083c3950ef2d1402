/** Which requests the local functions take: those of programs on this machine, not of pages in its browser. */
import type { IncomingMessage, RequestListener, Server } from 'node:http';

/** A page elsewhere reaches a port on loopback by posting to it, or by a name of its own that points there. */
export function isOwnRequest({ headers }: Pick<IncomingMessage, 'headers'>, port: number): boolean {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host, origin } = headers;
  return (
    host !== undefined &&
    hosts.includes(host.toLowerCase()) &&
    (origin === undefined || hosts.some((own) => origin === `http://${own}`))
  );
}

/** Lets the server's listeners hear of own requests only; the others are answered with 403. */
export function takeOwnRequests(server: Server, port: number): void {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (isOwnRequest(request, port)) for (const listener of listeners) listener(request, response);
    else response.writeHead(403).end('this function answers only to its own address\n');
  });
}
