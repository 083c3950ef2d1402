/** The allow-list: which alerts a rule explains, until when, and what is wrong with a rule that is none. */
import { describe, expect, it } from 'vitest';
import { applyAllowList, parseAllowList, type AllowRule } from '@tapline/core/detect/allow-list';
import { reportAlerts } from '../../fixtures/report-alerts.ts';

const START_US = Date.parse('2026-11-24T04:00:00Z') * 1000;
const ALERTS = reportAlerts('tap', START_US);
const names = (...rules: Partial<AllowRule>[]): string[] => {
  const list = rules.map((rule) => ({ reason: 'known', until: '2027-01-01', ...rule }));
  return applyAllowList(ALERTS, parseAllowList(JSON.stringify(list))).shown.map(({ detector }) => detector);
};

describe('applyAllowList', () => {
  it('shows everything without rules', () => {
    expect(applyAllowList(ALERTS, [])).toEqual({ shown: ALERTS, suppressed: [] });
    expect(names()).toEqual(['horizontal-scan', 'vertical-scan', 'syn-flood', 'udp-flood']);
  });

  it.each([
    ['a detector', { detector: 'udp-flood' as const }, ['horizontal-scan', 'vertical-scan', 'syn-flood']],
    ['a host', { entity: '172.16.0.1' }, ['syn-flood', 'udp-flood']],
    ['a network', { entity: '172.16.0.0/12' }, ['syn-flood', 'udp-flood']],
    ['everything of one address family', { entity: '0.0.0.0/0' }, []],
    [
      'nothing of the other family',
      { entity: '::/64' },
      ['horizontal-scan', 'vertical-scan', 'syn-flood', 'udp-flood'],
    ],
    ['a network that ends inside a byte', { entity: '192.168.10.50/31' }, ['horizontal-scan', 'vertical-scan']],
    ['a service', { entity: '192.168.10.50', port: 80 }, ['horizontal-scan', 'vertical-scan', 'udp-flood']],
    [
      'another sensor only',
      { entity: '172.16.0.1', sensor: 'other' },
      ['horizontal-scan', 'vertical-scan', 'syn-flood', 'udp-flood'],
    ],
  ])('%s', (_, rule, shown) => {
    expect(names(rule)).toEqual(shown);
  });

  it('counts for each rule what it suppresses, the first that covers an alert', () => {
    const rules = [
      { detector: 'vertical-scan', reason: 'a', until: '2027-01-01' },
      { entity: '172.16.0.1', reason: 'b', until: '2027-01-01' },
      { entity: '10.0.0.1', reason: 'c', until: '2027-01-01' },
    ];
    const { suppressed } = applyAllowList(ALERTS, parseAllowList(JSON.stringify(rules)));
    expect(suppressed.map(({ rule, alerts }) => [rule.reason, alerts])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('ends when the rule says: alerts that begin later are shown', () => {
    expect(names({ entity: '172.16.0.1', until: '2026-11-24' })).toHaveLength(4);
    expect(names({ entity: '172.16.0.1', until: '2026-11-24T04:01:30Z' })).toEqual([
      'vertical-scan',
      'syn-flood',
      'udp-flood',
    ]);
  });
});

describe('parseAllowList', () => {
  it.each([
    ['nonsense', 'no JSON'],
    ['{}', 'array of rules'],
    ['[1]', 'rule 1 of the allow-list: is no object'],
    ['[{"entity": "10.0.0.1", "until": "2027-01-01"}]', '"reason" must say why'],
    ['[{"entity": "10.0.0.1", "reason": "x"}]', 'no rule is for ever'],
    ['[{"entity": "10.0.0.1", "reason": "x", "until": "soon"}]', 'no rule is for ever'],
    ['[{"reason": "x", "until": "2027-01-01"}]', 'needs a "detector" or an "entity"'],
    ['[{"detector": "magic", "reason": "x", "until": "2027-01-01"}]', 'there is no detector "magic"'],
    ['[{"entity": "10.0.0.0/33", "reason": "x", "until": "2027-01-01"}]', 'address or a network'],
    ['[{"entity": "10.0.0.0/", "reason": "x", "until": "2027-01-01"}]', 'address or a network'],
    ['[{"entity": "host", "reason": "x", "until": "2027-01-01"}]', 'address or a network'],
    ['[{"entity": "10.0.0.1", "port": 70000, "reason": "x", "until": "2027-01-01"}]', '0 to 65535'],
    ['[{"entity": "10.0.0.1", "hosts": [], "reason": "x", "until": "2027-01-01"}]', '"hosts" is none of'],
  ])('refuses %s', (json, said) => {
    expect(() => parseAllowList(json)).toThrow(said);
  });
});
