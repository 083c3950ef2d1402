/** What terraform/ calls things and what the code calls them: the same, or a deployment that stands and does nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAMILIES, KEEP_SECONDS } from '@tapline/adapters/bigtable/table';
import { SETTINGS, type SettingRule } from '@tapline/core/settings/settings';
import {
  deadLetterSubscription,
  PUSHED_KINDS,
  pubsubTopic,
  pushSubscription,
  TOPIC_KINDS,
} from '@tapline/core/settings/topics';
import { FUNCTIONS } from '../../functions/build.ts';
import { readDeployment, TERRAFORM } from '../helpers/terraform.ts';

const { texts } = await readDeployment();
const policy = ['main.tf', 'outputs.tf']
  .map((name) => readFileSync(join(TERRAFORM, 'modules/policy', name), 'utf8'))
  .join('\n');
const adapter = readFileSync(join(import.meta.dirname, '../../adapters/pubsub/topology.ts'), 'utf8');
const startup = readFileSync(join(TERRAFORM, 'startup/capture-host.sh'), 'utf8');
const quoted = (text: string): string[] => [...text.matchAll(/"([^"]+)"/g)].map(([, word]) => word!);

describe('the names in terraform/', () => {
  it('of topics are those that the code publishes to', () => {
    const kinds = /topics = \{ for kind in (\[[^\]]+\])/.exec(policy)![1]!;
    expect(quoted(kinds)).toEqual([...TOPIC_KINDS]);
    expect(policy).toContain('kind => "${var.prefix}-${kind}"');
    expect(pubsubTopic('${var.prefix}', 'packets')).toBe('${var.prefix}-packets');
  });

  it('of subscriptions are those that the code reads and makes', () => {
    for (const kind of PUSHED_KINDS) expect(policy).toContain(`"${pushSubscription('${var.prefix}', kind)}"`);
    expect(deadLetterSubscription('x')).toBe(`${pubsubTopic('x', 'dead-letters')}-pull`);
    expect(policy).toContain('"${local.topics["dead-letters"]}-pull"');
  });

  it('of functions are those that are built', () => {
    const table = /^ {2}functions = \{\n([^]*?)^ {2}\}/m.exec(policy)![1]!;
    expect([...table.matchAll(/^ {4}(\w+) +=/gm)].map(([, name]) => name)).toEqual([...FUNCTIONS]);
  });

  it('of the families of window state, and how long it lives, are those of the adapter', () => {
    const bigtable = texts.get('bigtable.tf')!;
    expect(quoted(/bigtable_families = (\[[^\]]+\])/.exec(bigtable)![1]!)).toEqual([...FAMILIES]);
    expect(quoted(/bigtable_table += ("\w+")/.exec(bigtable)![1]!)).toEqual([SETTINGS.bigtableTable.fallback]);
    expect(bigtable).toContain(`max_age = "${KEEP_SECONDS / 3600}h"`);
  });

  it('of environment variables are settings that the code reads', () => {
    const known = new Set(Object.values(SETTINGS).map(({ name }: SettingRule) => name));
    const wiring = [...texts.entries()].filter(([name]) => name !== 'variables.tf').map(([, text]) => text);
    const used = [...wiring, startup].flatMap(
      (text) => text.match(/\bTAPLINE_[A-Z_]+\b|\bGOOGLE_CLOUD_PROJECT\b/g) ?? [],
    );
    expect(new Set(used).size).toBeGreaterThan(8);
    // Two are the unit's own, not the code's.
    const units = ['TAPLINE_SENSOR', 'TAPLINE_CAPTURE_OPTIONS'];
    expect([...new Set(used)].filter((name) => !known.has(name) && !units.includes(name))).toEqual([]);
  });
});

describe('the policies of the subscriptions', () => {
  it('are those that the line is tested with', () => {
    const pubsub = texts.get('pubsub.tf')!;
    const number = (text: string, pattern: RegExp): number => Number(pattern.exec(text)![1]);
    expect(number(pubsub, /ack_deadline_seconds\s+= (\d+)/)).toBe(number(adapter, /ACK_DEADLINE_SECONDS = (\d+)/));
    expect(number(pubsub, /max_delivery_attempts = (\d+)/)).toBe(number(adapter, /cloud: \{ deliveries: (\d+)/));
    expect(number(pubsub, /minimum_backoff = "(\d+)s"/)).toBe(number(adapter, /minimumBackoff: \{ seconds: (\d+)/));
    expect(number(pubsub, /maximum_backoff = "(\d+)s"/)).toBe(number(adapter, /maximumBackoff: \{ seconds: (\d+)/));
  });
});
