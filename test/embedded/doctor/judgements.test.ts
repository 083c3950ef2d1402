/** What the checks make of what they see. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resultLine } from '@tapline/embedded/commands/doctor';
import { judgeQuorum } from '@tapline/embedded/doctor/cassandra';
import { judgeClock } from '@tapline/embedded/doctor/clock';
import { judgeInterfaces, readInterfaces, type Interface } from '@tapline/embedded/doctor/interfaces';
import { judgeBridge } from '@tapline/embedded/doctor/kafka';
import { describeVersion, refusedRequests } from '@tapline/embedded/doctor/kafka-versions';
import { disk } from '@tapline/embedded/doctor/machine';
import { judgeHeartbeats } from '@tapline/embedded/doctor/sensors';
import type { Visit } from '@tapline/embedded/doctor/check';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const folder = temporaryFolder();
const up = (name: string, more: Partial<Interface> = {}): Interface => ({
  name,
  isUp: true,
  mtu: 1500,
  received: 1_000_000,
  dropped: 0,
  ...more,
});

describe('interfaces', () => {
  it('are read as Linux shows them, with what it does not say left out', () => {
    const files = {
      'eth0/operstate': 'up',
      'eth0/mtu': '9000',
      'eth0/statistics/rx_packets': '10',
      'eth0/statistics/rx_dropped': '3',
      'lo/operstate': 'unknown',
      'lo/mtu': '65536',
      'eth1/operstate': 'down',
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, 'net', path, '..'), { recursive: true });
      writeFileSync(join(folder, 'net', path), `${text}\n`);
    }
    expect(readInterfaces(join(folder, 'net'))).toEqual([
      { name: 'eth0', isUp: true, mtu: 9000, received: 10, dropped: 3 },
      { name: 'eth1', isUp: false, mtu: 0, received: 0, dropped: 0 },
      { name: 'lo', isUp: true, mtu: 65_536, received: 0, dropped: 0 },
    ]);
  });

  it('are fine when one is up, with the snap length that jumbo frames need', () => {
    expect(judgeInterfaces([up('lo', { mtu: 65_536 }), up('eth0')])).toEqual({ outcome: 'ok', saw: 'eth0 MTU 1500' });
    expect(judgeInterfaces([up('eth0', { mtu: 9000 })]).saw).toContain('snap length above 9000');
  });

  it('are worth a word when none is up, or the kernel drops what it receives', () => {
    expect(judgeInterfaces([up('lo'), up('eth0', { isUp: false })])).toMatchObject({ outcome: 'warn' });
    expect(judgeInterfaces([up('eth0', { dropped: 900 })])).toMatchObject({ outcome: 'ok' });
    const { outcome, saw } = judgeInterfaces([up('eth0', { dropped: 5000 })]);
    expect([outcome, saw]).toEqual(['warn', 'eth0 MTU 1500; the kernel dropped 5000 of 1005000 packets of eth0']);
  });
});

describe('the clock', () => {
  const at = (beforeMs: number, afterMs: number, theirsMs: number): string =>
    judgeClock(beforeMs, afterMs, theirsMs, 15_000).outcome;

  it('is right when theirs was within the time of asking, give or take the second they cut off', () => {
    expect([at(5_900, 6_100, 5_000), at(5_900, 6_100, 6_000), at(5_000, 5_001, 5_000)]).toEqual(['ok', 'ok', 'ok']);
  });

  it('is wrong by what cannot be explained so, either way', () => {
    expect([at(10_000, 10_100, 5_000), at(10_000, 10_100, 14_000)]).toEqual(['warn', 'warn']);
    expect([at(30_000, 30_100, 5_000), at(10_000, 10_100, 26_000)]).toEqual(['FAIL', 'FAIL']);
    expect(judgeClock(10_000, 10_100, 14_000, 15_000).saw).toContain('3.9 s behind Pub/Sub');
  });
});

describe('the disk', () => {
  it('is that on which the folder would be made', async () => {
    const examine = (path: string): Promise<{ saw: string }> => disk.examine({ folders: [path] } as unknown as Visit);
    expect((await examine(join(folder, 'not', 'there'))).saw).toMatch(/ free for .*not\/there$/);
    mkdirSync(join(folder, 'spool'));
    writeFileSync(join(folder, 'spool', 'segment'), Buffer.alloc(5 * 1024));
    expect((await examine(join(folder, 'spool'))).saw).toMatch(/, which holds 5\.00 KiB$/);
  });
});

describe('a broker', () => {
  const range = (key: number, oldest: number, newest: number): { key: number; oldest: number; newest: number } => ({
    key,
    oldest,
    newest,
  });
  const four = [
    range(0, 0, 13),
    range(1, 4, 18),
    range(2, 1, 11),
    range(3, 0, 13),
    range(8, 2, 10),
    range(9, 1, 10),
    range(10, 0, 6),
    range(11, 0, 9),
  ];

  it('of Kafka 4 is told by the requests it has given up, none of which the client sends', () => {
    expect([describeVersion(four), refusedRequests(four)]).toEqual(['Kafka 4.0 or later', []]);
    expect(describeVersion([range(1, 0, 16)])).toBe('Kafka before 4.0');
  });

  it('that takes no request of the client any more is named with that request', () => {
    const five = four.map((one) => (one.key === 1 ? range(1, 12, 20) : one)).filter(({ key }) => key !== 11);
    expect(refusedRequests(five)).toEqual(['Fetch', 'JoinGroup']);
  });
});

describe('the bridge', () => {
  it('is missing when records wait and nobody is there', () => {
    expect(judgeBridge('g', 0, 1234)).toMatchObject({
      outcome: 'FAIL',
      saw: 'no bridge is in group g, and 1,234 records wait',
    });
    expect(judgeBridge('g', 0, 0).outcome).toBe('warn');
    expect(judgeBridge('g', 2, 0)).toEqual({ outcome: 'ok', saw: '2 bridges in group g, nothing waits' });
    expect(judgeBridge('g', 1, 5000).outcome).toBe('warn');
  });
});

describe('a quorum', () => {
  it.each([
    [1, 1, 1, 'ok'],
    [3, 3, 3, 'ok'],
    [3, 3, 2, 'ok'],
    [3, 3, 1, 'FAIL'],
    [3, 5, 4, 'ok'],
    [3, 5, 3, 'FAIL'],
    [1, 3, 3, 'warn'],
    [1, 3, 2, 'FAIL'],
    [3, 1, 1, 'warn'],
  ])('of %i copies on %i nodes of which %i are up: %s', (copies, nodes, alive, outcome) => {
    expect(judgeQuorum(copies, nodes, alive).outcome).toBe(outcome);
  });

  it('is taken at its word where the database does not say how many copies there are', () => {
    expect(judgeQuorum(undefined, 1, 1).outcome).toBe('ok');
  });
});

describe('heartbeats', () => {
  const nowMs = 1_700_000_000_000;
  const heard = (sensor: string, agoS: number, final = false) => ({
    sensor,
    heartbeat: { arrivalUs: (nowMs - agoS * 1000) * 1000, final },
  });
  const judge = (all: Parameters<typeof judgeHeartbeats>[0], isNamed = false) =>
    judgeHeartbeats(all, nowMs, 15_000, isNamed);

  it('are fresh, or their sensor has said goodbye', () => {
    expect(judge([heard('b', 500, true), heard('a', 2)])).toEqual({
      outcome: 'ok',
      saw: 'a was heard 2 s ago, b said goodbye 8 m 20 s ago',
    });
  });

  it('that stop without a goodbye are a lost sensor', () => {
    expect(judge([heard('a', 2), heard('b', 60)])).toMatchObject({
      outcome: 'FAIL',
      saw: 'b was heard 1 m 00 s ago and did not say goodbye',
    });
  });

  it('of long ago are no alarm, unless somebody asks for that sensor', () => {
    expect(judge([heard('a', 2), heard('b', 100_000)]).outcome).toBe('warn');
    expect(judge([heard('b', 100_000)], true).outcome).toBe('FAIL');
  });

  it('that never came are missed when the sensor was named', () => {
    expect(judge([{ sensor: 'a', heartbeat: undefined }], true)).toMatchObject({
      outcome: 'FAIL',
      saw: 'no heartbeat of a has arrived',
    });
  });
});

describe('a line', () => {
  it('says what, how long, what was seen and what to do', () => {
    expect(resultLine({ name: 'broker', outcome: 'FAIL', tookMs: 3, saw: 'dead', advice: 'start it' })).toBe(
      'FAIL     broker          3 ms  dead → start it\n',
    );
  });
});
