/**
 * Writes what Tapline is made of as a software bill of materials (CycloneDX 1.5), by npm's own `npm sbom`: one for the whole
 * without what only development needs, and one for each function as it is deployed. The same sources give the same bytes:
 * no time and no random number is written.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildFunctions, FUNCTIONS } from '../functions/build.ts';

const ROOT = resolve(import.meta.dirname, '..');
const HELP = `npm run sbom -- [--out DIR]

Writes tapline.cdx.json and tapline-FUNCTION.cdx.json (CycloneDX 1.5) into DIR (default: sbom).
`;

interface Bill {
  readonly metadata: { readonly component: { readonly name: string } };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string }[];
}

/** The bill of the package in `folder`, by its lockfile. Throws Error with npm's reason. */
function billOf(folder: string, name: string): object {
  // Not --omit=dev: with it npm leaves out also what development and the product both need.
  const words = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
  const text = execFileSync('npm', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const bill = JSON.parse(text) as Bill;
  const isDevelopment = ({ properties = [] }: Component): boolean =>
    properties.some((property) => property.name === 'cdx:npm:package:development');
  const gone = new Set(bill.components.filter(isDevelopment).map((component) => component['bom-ref']));
  return {
    ...bill,
    // What is undefined is left out of the text.
    serialNumber: undefined,
    // npm calls it after the folder.
    metadata: { ...bill.metadata, timestamp: undefined, component: { ...bill.metadata.component, name } },
    components: bill.components.filter((component) => !gone.has(component['bom-ref'])),
    dependencies: bill.dependencies
      .filter(({ ref }) => !gone.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => !gone.has(one)) })),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'sbom' }, help: { type: 'boolean' } } });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  mkdirSync(values.out, { recursive: true });
  const built = mkdtempSync(join(tmpdir(), 'tapline-sbom-'));
  try {
    await buildFunctions(built);
    const folders = new Map([
      ['tapline', ROOT],
      ...FUNCTIONS.map((name) => [`tapline-${name}`, join(built, name)] as const),
    ]);
    for (const [name, folder] of folders) {
      const path = join(values.out, `${name}.cdx.json`);
      writeFileSync(path, `${JSON.stringify(billOf(folder, name), null, 2)}\n`);
      process.stdout.write(`${path}\n`);
    }
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`sbom: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
