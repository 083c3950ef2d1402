/** Where the spool of a sensor is when nobody says: with the user's state, which a restart of the machine does not clear. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_STATE_HOME/tapline/spool/SENSOR`, by default in ~/.local/state; on Windows in LOCALAPPDATA. */
export function defaultSpoolFolder(sensor: string): string {
  const { XDG_STATE_HOME, LOCALAPPDATA } = process.env;
  const state = [XDG_STATE_HOME, LOCALAPPDATA].find((folder) => folder !== undefined && folder !== '');
  return join(state ?? join(homedir(), '.local', 'state'), 'tapline', 'spool', sensor);
}
