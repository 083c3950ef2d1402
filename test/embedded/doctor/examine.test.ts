import { expect, it } from 'vitest';
import { ok, fail, type Check, type Finding, type VisitOptions } from '@tapline/embedded/doctor/check';
import { examine, firstBroken, type CheckResult } from '@tapline/embedded/doctor/examine';
import { readSettings } from '@tapline/core/settings/settings';

const OPTIONS: VisitOptions = {
  settings: readSettings({}),
  sensor: undefined,
  group: 'g',
  reportUrl: 'http://127.0.0.1:1/',
  folders: [],
};

function check(name: string, finding: Promise<Finding> | Finding, needs: string[] = []): Check {
  return { name, needs, advice: `mend ${name}`, examine: () => Promise.resolve(finding) };
}

const run = (checks: Check[]): Promise<CheckResult[]> => examine(checks, OPTIONS, 50, () => undefined);

it('skips what depends on a broken hop, names the cause and not the one between, and looks at the rest', async () => {
  const results = await run([
    check('a', ok('fine')),
    check('b', fail('dead', 'revive it')),
    check('c', ok('never seen'), ['b']),
    check('d', ok('never seen'), ['a', 'c']),
    check('e', ok('fine'), ['a']),
  ]);
  expect(results.map(({ name, outcome, saw }) => [name, outcome, saw])).toEqual([
    ['a', 'ok', 'fine'],
    ['b', 'FAIL', 'dead'],
    ['c', 'skipped', 'because b is broken'],
    ['d', 'skipped', 'because b is broken'],
    ['e', 'ok', 'fine'],
  ]);
  expect(firstBroken(results)).toMatchObject({ name: 'b', advice: 'revive it' });
});

it('gives up on a check that never answers, says so, and goes on', async () => {
  const results = await run([check('a', new Promise<Finding>(() => undefined)), check('b', ok('fine'))]);
  expect(results.map(({ outcome, saw, advice }) => [outcome, saw, advice])).toEqual([
    ['FAIL', 'no answer within 0.05 s', 'mend a'],
    ['ok', 'fine', undefined],
  ]);
});

it('takes a check that throws as broken, in one line', async () => {
  const [result] = await run([check('a', Promise.reject(new Error('it\n  burst')))]);
  expect(result).toMatchObject({ outcome: 'FAIL', saw: 'it burst', advice: 'mend a' });
});

it('does not wait for ever for what is left open', async () => {
  const left: Check = {
    ...check('a', ok('fine')),
    examine: (visit) => {
      visit.closeAtEnd(() => new Promise(() => undefined));
      visit.closeAtEnd(() => Promise.reject(new Error('it does not close')));
      return Promise.resolve(ok('fine'));
    },
  };
  expect(await run([left])).toHaveLength(1);
});

it('tells each result as soon as it is there', async () => {
  const told: string[] = [];
  const listening = check('b', ok('fine'));
  await examine(
    [check('a', ok('fine')), { ...listening, examine: () => Promise.resolve(ok(`after ${told.join()}`)) }],
    OPTIONS,
    50,
    ({ name, saw }) => told.push(`${name}: ${saw}`),
  );
  expect(told).toEqual(['a: fine', 'b: after a: fine']);
});
