/** Packets that came as text: there are no frames to hand out, and whoever asks is told why. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openShelf } from '@tapline/embedded/export/frame-shelf';
import { isText } from '@tapline/embedded/export/source-frames';
import { BUNDLED } from '../../helpers/bundled-capture.ts';
import { tapline } from '../../helpers/tapline.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const text = join(folder, 'day.txt');
writeFileSync(
  text,
  [1, 2, 3]
    .map(
      (second) => `1499428590.00000${second} IP 192.0.2.7.40000 > 192.0.2.8.80: Flags [S], seq 1, win 64, length 0\n`,
    )
    .join(''),
);

describe('a source of text', () => {
  it('is told from a capture', async () => {
    expect(await isText(text)).toBe(true);
    expect(await isText(BUNDLED)).toBe(false);
  });

  it('gives the page the reason in place of packets', async () => {
    const shelf = await openShelf({ source: text, follow: false });
    const search = { fromUs: -Infinity, toUs: Infinity };
    expect(await shelf.survey('s', search)).toMatchObject({
      from: null,
      reason: 'day.txt was text; it carries no frames, so there are no packets to hand out.',
    });
    expect(await shelf.open('s', search)).toBeUndefined();
  });

  it('is recorded as missing, which the run says once and the export names', async () => {
    const record = join(folder, 'record');
    const ran = await tapline('run', text, '--exit', '--record', record, '--data', join(folder, 'data'));
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr.match(/the source is text and carries no frames/g)).toHaveLength(1);
    const found = await tapline('export', '--record', record, '-w', join(folder, 'out.pcapng'));
    expect(found.code).toBe(1);
    expect(found.stderr).toMatch(/missing: 2017-07-07T11:56:30.* the source was text; it carries no frames/);
  });
});
