/**
 * Writes down what the providers of terraform/ accept: name, type and whether it must be set, of every attribute and block
 * of the resources that are used there, in the form of `terraform providers schema -json`. Read from the bindings that
 * are generated from the real providers and published on npm, because the providers themselves come from a place that not
 * every machine reaches. To renew, after a change of the resources used or of the providers' versions:
 *
 *   npm install --prefix DIR --ignore-scripts --legacy-peer-deps @cdktf/provider-{google,google-beta}@16.12.1 @cdktf/provider-archive@11.0.1
 *   node tools/terraform-schema/extract.ts DIR
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Type = string | readonly [string, Type | Readonly<Record<string, Type>>];

interface Attribute {
  readonly type: Type;
  readonly required?: true;
  readonly optional?: true;
  readonly computed?: true;
}

interface Block {
  readonly attributes: Record<string, Attribute>;
  readonly block_types: Record<string, BlockType>;
}

interface BlockType {
  readonly nesting_mode: 'list' | 'set';
  readonly min_items?: number;
  readonly max_items?: number;
  readonly block: Block;
}

const ROOT = join(import.meta.dirname, '../..');
const PROVIDERS = ['google', 'google-beta', 'archive'] as const;
/** How a binding reads an attribute tells its type. */
const READERS: readonly (readonly [RegExp, Type])[] = [
  [/Fn\.tolist\(this\.getNumberListAttribute\(/, ['set', 'number']],
  [/Fn\.tolist\(this\.getListAttribute\(/, ['set', 'string']],
  [/getNumberListAttribute\(/, ['list', 'number']],
  [/getListAttribute\(/, ['list', 'string']],
  [/getStringMapAttribute\(|new cdktf\.StringMap\(/, ['map', 'string']],
  [/new cdktf\.BooleanMap\(/, ['map', 'bool']],
  [/getNumberAttribute\(/, 'number'],
  [/getBooleanAttribute\(/, 'bool'],
  [/getStringAttribute\(/, 'string'],
];

/** The classes of a binding, by name: their text. */
function classesOf(text: string): Map<string, string> {
  const parts = text.split(/^class (\w+) extends cdktf\.\w+ \{$/m);
  const classes = new Map<string, string>();
  for (let at = 1; at < parts.length; at += 2) classes.set(parts[at]!, parts[at + 1]!);
  return classes;
}

/** An attribute is read by a getter; what is nested, or a map, is made in the constructor. */
const ATTRIBUTE = /get (\w+)\(\) \{\s*return ([^;]*this\.get\w+Attribute\('(\w+)'\)[^;]*);/g;
const NESTED = /this\._(\w+) = (new (?:cdktf\.)?(\w+?)(OutputReference|List|Map)\(this, "(\w+)"(?:, (true|false))?\))/g;

function blockOf(name: string, classes: ReadonlyMap<string, string>): Block {
  const text = classes.get(name);
  if (text === undefined) throw new Error(`the binding has no class ${name}`);
  const block: Block = { attributes: {}, block_types: {} };
  for (const [, property, code, field] of text.matchAll(ATTRIBUTE)) {
    block.attributes[field!] = { type: typeOf(code!, field!), ...flagsOf(text, property!) };
  }
  for (const [, property, code, type, ending, field, isSet] of text.matchAll(NESTED)) {
    const flags = flagsOf(text, property!);
    if (ending === 'Map') block.attributes[field!] = { type: typeOf(code!, field!), ...flags };
    else if (field !== 'timeouts') {
      const inner = blockOf(`${type!}OutputReference`, classes);
      const mode = isSet === 'true' ? 'set' : 'list';
      if (flags.required === undefined && flags.optional === undefined) {
        block.attributes[field!] = { type: [mode, ['object', membersOf(inner)]], computed: true };
        continue;
      }
      block.block_types[field!] = {
        nesting_mode: mode,
        ...(flags.required ? { min_items: 1 } : {}),
        ...(ending === 'OutputReference' ? { max_items: 1 } : {}),
        block: inner,
      };
    }
  }
  return block;
}

function typeOf(code: string, field: string): Type {
  const found = READERS.find(([reader]) => reader.test(code));
  if (found === undefined) throw new Error(`${field}: cannot tell its type from ${code}`);
  return found[1];
}

/** What can be set is required unless it can be reset; whether the cloud fills in what is left out, the binding does not say. */
function flagsOf(text: string, property: string): Omit<Attribute, 'type'> {
  const name = property[0]!.toUpperCase() + property.slice(1);
  if (!text.includes(` set ${property}(`) && !text.includes(` put${name}(`)) return { computed: true };
  return text.includes(` reset${name}(`) ? { optional: true, computed: true } : { required: true };
}

function membersOf({ attributes, block_types: blocks }: Block): Record<string, Type> {
  return Object.fromEntries([
    ...Object.entries(attributes).map(([name, { type }]): [string, Type] => [name, type]),
    ...Object.entries(blocks).map(([name, one]): [string, Type] => [
      name,
      [one.nesting_mode, ['object', membersOf(one.block)]],
    ]),
  ]);
}

/** Kind and type of every resource and data source in terraform/. */
function usedTypes(): { kind: string; type: string }[] {
  const folder = join(ROOT, 'terraform');
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.tf'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const found = new Set(texts.flatMap((text) => text.match(/^(?:resource|data) "\w+"/gm) ?? []));
  return [...found].sort().map((line) => {
    const [, kind, type] = /^(\w+) "(\w+)"$/.exec(line)!;
    return { kind: kind!, type: type! };
  });
}

function bindingOf(packages: string, provider: string, kind: string, type: string): string {
  const short = type.replace(/^google_/, '').replaceAll('_', '-');
  const prefix = provider === 'archive' ? 'data-archive-' : `data-${provider}-`;
  // Only the bindings of the beta provider keep the word google.
  const plain = provider === 'google-beta' ? `google-${short}` : short;
  const folder = kind === 'data' ? prefix + short.replace(/^archive-/, '') : plain;
  return readFileSync(join(packages, 'node_modules/@cdktf', `provider-${provider}`, 'lib', folder, 'index.js'), 'utf8');
}

function providerOf(type: string): (typeof PROVIDERS)[number] {
  if (type.startsWith('archive_')) return 'archive';
  return type === 'google_dataflow_flex_template_job' ? 'google-beta' : 'google';
}

interface ProviderSchema {
  readonly version: string;
  readonly resource_schemas: Record<string, object>;
  readonly data_source_schemas: Record<string, object>;
}

function extract(packages: string): object {
  const schemas: Record<string, ProviderSchema> = Object.fromEntries(
    PROVIDERS.map((name) => {
      const manifest = join(packages, 'node_modules/@cdktf', `provider-${name}`, 'package.json');
      const { cdktf } = JSON.parse(readFileSync(manifest, 'utf8')) as { cdktf: { provider: { version: string } } };
      const { version } = cdktf.provider;
      return [name, { version, resource_schemas: {}, data_source_schemas: {} }];
    }),
  );
  for (const { kind, type } of usedTypes()) {
    const provider = providerOf(type);
    const classes = classesOf(bindingOf(packages, provider, kind, type));
    // The resource itself is the last class of its file.
    const block = blockOf([...classes.keys()].at(-1)!, classes);
    const schema = schemas[provider]!;
    (kind === 'data' ? schema.data_source_schemas : schema.resource_schemas)[type] = { version: 0, block };
  }
  return schemas;
}

const packages = process.argv[2];
if (packages === undefined) {
  process.stderr.write('usage: node tools/terraform-schema/extract.ts FOLDER_WITH_THE_PACKAGES\n');
  process.exit(2);
}
writeFileSync(join(import.meta.dirname, 'schema.json'), `${JSON.stringify(extract(packages))}\n`);
