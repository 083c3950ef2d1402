/** Terraform's files as data: every block of a kind and type with its body, expressions as `${…}` texts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktf/hcl2json';

export const TERRAFORM = join(import.meta.dirname, '../../terraform');

export type Body = Readonly<Record<string, unknown>>;

export interface Declared {
  /** `resource` or `data`. */
  readonly kind: string;
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

export interface Deployment {
  readonly declared: readonly Declared[];
  readonly variables: Readonly<Record<string, Body>>;
  readonly settings: readonly Body[];
  /** As it is written, by file. */
  readonly texts: ReadonlyMap<string, string>;
}

export async function readDeployment(folder = TERRAFORM): Promise<Deployment> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.tf'));
  return parseDeployment(new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])));
}

/** @param texts by file name. Throws on what is no HCL. */
export async function parseDeployment(texts: ReadonlyMap<string, string>): Promise<Deployment> {
  const declared: Declared[] = [];
  const variables: Record<string, Body> = {};
  const settings: Body[] = [];
  for (const [file, text] of texts) {
    const parsed = (await parse(file, text)) as Record<string, Record<string, Record<string, Body[]>>>;
    for (const kind of ['resource', 'data']) {
      for (const [type, byName] of Object.entries(parsed[kind] ?? {})) {
        for (const [name, bodies] of Object.entries(byName)) {
          declared.push({ kind, type, name, body: bodies[0]! });
        }
      }
    }
    for (const [name, bodies] of Object.entries(parsed['variable'] ?? {})) {
      variables[name] = (bodies as unknown as Body[])[0]!;
    }
    settings.push(...((parsed['terraform'] ?? []) as unknown as Body[]));
  }
  return { declared, variables, settings, texts };
}

/** The blocks called `name` in a body, also those that are made dynamically. */
export function blocks(body: Body, name: string): Body[] {
  const dynamic = (body['dynamic'] as Record<string, { content: Body[] }[]> | undefined)?.[name] ?? [];
  return [...listed(body[name]), ...dynamic.flatMap(({ content }) => content)];
}

function listed(value: unknown): Body[] {
  return (Array.isArray(value) ? value : [value]).filter(
    (one): one is Body => typeof one === 'object' && one !== null && !Array.isArray(one),
  );
}
