/** docs/flows.md explains every column as the table in the code has it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { FLOW_COLUMNS } from '@tapline/core/flow-statistics/flow-columns';

it('every column stands in the documentation, in order, with its meaning and how it merges', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/flows.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| [^|]+ \| `\w+` \| [^|]+ \| [a-z ]+ \|$/.test(line));
  expect(rows).toEqual(
    FLOW_COLUMNS.map(({ toolName, name, doc, merge }) => `| ${toolName} | \`${name}\` | ${doc} | ${merge} |`),
  );
});
