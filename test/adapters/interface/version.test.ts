import { resumesWrites, versionResumesWrites } from '@tapline/adapters/interface/version';
import { expect, it } from 'vitest';
import { TCPDUMP } from '../../helpers/tcpdump.ts';

it.each([
  ['tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)', true],
  ['tcpdump version 4.99.2', true],
  ['tcpdump version 4.100.0', true],
  ['tcpdump version 5.0.0-PRE-GIT', true],
  ['tcpdump version 4.99.1 -- Apple version 140.100.3\nlibpcap version 1.10.1', false],
  ['tcpdump version 4.9.3', false],
  ["tcpdump: invalid option -- '-'\ntcpdump version 4.1.1\nlibpcap version 1.1.1", false],
  ['', false],
])('tells from %j whether tcpdump may be asked while it writes: %s', (text, answer) => {
  expect(versionResumesWrites(text)).toBe(answer);
});

it.skipIf(!TCPDUMP)('asks the tcpdump that is installed', async () => {
  expect(typeof (await resumesWrites())).toBe('boolean');
});
