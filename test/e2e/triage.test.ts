/** Triage on the command line: it stands beside what the line stored, and changes nothing of it. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUNDLED } from '../helpers/bundled-capture.ts';
import { tapline } from '../helpers/tapline.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

interface Listed {
  readonly id: string;
  readonly detector: string;
  readonly acknowledged: string | null;
  readonly muted: string | null;
  readonly notes: number;
}

describe('tapline alert, when somebody does something about one', () => {
  const data = join(temporaryFolder(), 'data');
  let digest = '';
  let id = '';

  const run = async (): Promise<string> => {
    const { code, stdout, stderr } = await tapline('run', BUNDLED, '--exit', '--json', '--data', data);
    expect(code, stderr).toBe(0);
    return (JSON.parse(stdout) as { digest: string }).digest;
  };
  const list = async (...more: string[]): Promise<{ alerts: Listed[]; stderr: string }> => {
    const { stdout, stderr } = await tapline('alert', 'list', '--data', data, ...more);
    const alerts = stdout.trimEnd().split('\n');
    return { alerts: alerts.map((line) => JSON.parse(line) as Listed), stderr };
  };
  const act = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await tapline('alert', ...args, '--data', data);
    expect(code, stderr).toBe(0);
    return stdout;
  };

  beforeAll(async () => {
    digest = await run();
    id = (await list()).alerts.find(({ detector }) => detector === 'udp-flood')!.id;
  });

  it('acknowledges, notes and mutes, and tells who did what', async () => {
    expect(await act('ack', id)).toMatch(/local:\S+ acknowledge \(/u);
    await act('note', id, 'asked the backup team');
    expect(await act('mute', id, '--for', '7d', '--why', 'nightly backup')).toMatch(
      /mute until .*: nightly backup .*\nstate {3}acknowledged by local:\S+, muted until .*, 1 note\n$/u,
    );
    const muted = await list();
    expect(muted.alerts.map((alert) => alert.id)).not.toContain(id);
    expect(muted.stderr).toContain('1 muted: --muted lists them, too');
    const all = await list('--muted');
    expect(all.alerts.find((alert) => alert.id === id)).toMatchObject({ muted: 'nightly backup', notes: 1 });
  });

  it('takes it back, which stays in the history', async () => {
    await act('unmute', id);
    await act('undo', id);
    expect((await list()).alerts.find((alert) => alert.id === id)).toMatchObject({ muted: null, notes: 0 });
    const { stdout } = await tapline('alert', 'history', id, '--json', '--data', data);
    const entries = JSON.parse(stdout) as { action: string }[];
    expect(entries.map(({ action }) => action)).toEqual(['acknowledge', 'note', 'mute', 'undo', 'undo']);
    const again = await tapline('alert', 'unmute', id, '--data', data);
    expect([again.code, again.stderr]).toEqual([2, `tapline: alert ${id} is not muted\n`]);
  });

  it('changes neither the alert nor the digest, and outlives a second run of the capture', async () => {
    expect(await run()).toBe(digest);
    expect((await tapline('alert', 'verify', id, '--data', data)).code).toBe(0);
    expect(await act('history', id)).toContain('asked the backup team');
  });
});
