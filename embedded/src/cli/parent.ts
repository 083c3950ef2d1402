/**
 * A command that another one started ends when that one is gone, however it went: nobody else would stop it. The starter
 * holds the other end of a pipe; when it dies, the pipe ends.
 */
import { Socket } from 'node:net';

/** Names the file descriptor of the pipe to the command that is started. */
export const PARENT_PIPE = 'TAPLINE_PARENT_PIPE';

/** Watches the pipe, if there is one; its end counts as a polite request to stop. */
export function endWithParent(): void {
  const fd = Number(process.env[PARENT_PIPE] ?? '');
  // What this process starts in turn is its own to stop.
  Reflect.deleteProperty(process.env, PARENT_PIPE);
  if (!Number.isInteger(fd) || fd < 3) return;
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('error', () => undefined);
  pipe.on('close', () => process.kill(process.pid, 'SIGTERM'));
  pipe.resume();
  pipe.unref();
}
