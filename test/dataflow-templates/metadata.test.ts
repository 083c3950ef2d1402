import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BEAM } from '../helpers/beam.ts';

const source = (name: string): string =>
  readFileSync(join(BEAM, 'src/main/java/tapline/pipeline', `${name}.java`), 'utf8');

/** Names of the options that an interface in a source declares, as `--help` prints them. */
const optionsOf = (name: string): string[] =>
  [...source(name).matchAll(/^ +(?:String|List<String>|int|boolean) get(\w+)\(\);$/gm)].map(
    ([, option]) => option!.charAt(0).toLowerCase() + option!.slice(1),
  );

interface Parameter {
  readonly name: string;
  readonly isOptional?: boolean;
  readonly regexes?: readonly string[];
}

const parametersOf = (template: string): readonly Parameter[] =>
  (JSON.parse(readFileSync(join(BEAM, 'metadata', `${template}.json`), 'utf8')) as { parameters: Parameter[] })
    .parameters;

const TEMPLATES = [
  { template: 'bridge', options: ['KafkaOptions', 'BridgePipeline'] },
  { template: 'kpis', options: ['KafkaOptions', 'KpiOptions'] },
  { template: 'backfill', options: ['BackfillPipeline'] },
];

describe('the description of a template', () => {
  it.each(TEMPLATES)(
    '$template has a parameter for each option of the pipeline, and no other',
    ({ template, options }) => {
      const names = parametersOf(template).map(({ name }) => name);
      expect(names.toSorted()).toEqual(options.flatMap(optionsOf).sort());
    },
  );

  it.each(TEMPLATES)(
    '$template can be launched as the README says: what it says fits, what is needed is said',
    ({ template }) => {
      const readme = readFileSync(join(BEAM, 'README.md'), 'utf8');
      const run = new RegExp(
        `gcloud dataflow flex-template run tapline-${template} [^\`]*?--parameters=([^\\n\\\\]+)`,
      ).exec(readme);
      const said = new Map(
        // The separator of values that have commas: gcloud topic escaping.
        run![1]!
          .replace(/^\^;\^/, '')
          .split(';')
          .map((pair) => {
            const at = pair.indexOf('=');
            return [pair.slice(0, at), pair.slice(at + 1)] as const;
          }),
      );
      const parameters = new Map(parametersOf(template).map((parameter) => [parameter.name, parameter]));
      for (const [name, value] of said) {
        for (const regex of parameters.get(name)?.regexes ?? []) expect(value, name).toMatch(new RegExp(regex));
        if (name !== 'sdkContainerImage') expect([...parameters.keys()]).toContain(name);
      }
      const needed = [...parameters.values()].filter(({ isOptional }) => isOptional !== true);
      for (const { name } of needed) expect([...said.keys()]).toContain(name);
    },
  );
});
