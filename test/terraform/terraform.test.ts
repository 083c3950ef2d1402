/**
 * Terraform's own checks: its formatter, the tests of the policy module, and validation and tests of the whole deployment
 * with a provider that knows the schema of the real one (tools/terraform-schema), since that one is not to be had everywhere.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TERRAFORM } from '../helpers/terraform.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const SCHEMA = join(import.meta.dirname, '../../tools/terraform-schema');
const PROVIDERS = { google: '6.50.0', 'google-beta': '6.50.0', archive: '2.7.1' };
const has = (tool: string, argument: string): boolean => spawnSync(tool, [argument]).status === 0;
const HAS_TERRAFORM = has('terraform', 'version');
const HAS_GO = has('go', 'version');
if (process.env['REQUIRE_SERVICES'] === '1' && !(HAS_TERRAFORM && HAS_GO)) {
  throw new Error('REQUIRE_SERVICES=1, but terraform or go is not installed');
}
if (!HAS_TERRAFORM) console.warn('SKIPPED: terraform is not installed, so its own checks of terraform/ do not run');
else if (!HAS_GO) console.warn('SKIPPED: go is not installed, so the deployment is not planned');

const folder = temporaryFolder();
const environment: NodeJS.ProcessEnv = { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' };

function terraform(directory: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('terraform', [`-chdir=${directory}`, ...words, '-no-color'], {
    encoding: 'utf8',
    env: environment,
  });
  if (status !== 0) throw new Error(`terraform ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** A copy, so that nothing of a check is left in the repository. */
function copyOf(source: string, name: string): string {
  const copy = join(folder, name);
  cpSync(source, copy, { recursive: true, filter: (path) => !/\.terraform|\/build(\/|$)/.test(path) });
  return copy;
}

describe.runIf(HAS_TERRAFORM)('terraform', () => {
  it('finds its files written as it writes them', () => {
    expect(terraform(TERRAFORM, 'fmt', '-check', '-recursive')).toBe('');
  });

  it('passes the tests of the policy, which need no provider', () => {
    const policy = copyOf(join(TERRAFORM, 'modules/policy'), 'policy');
    terraform(policy, 'init');
    expect(terraform(policy, 'test')).toMatch(/Success! 1[0-9] passed, 0 failed/);
  });

  it.runIf(HAS_GO)(
    'validates the deployment against the schema of its providers, and plans it in every variant',
    () => {
      const built = join(folder, 'provider');
      const build = spawnSync('go', ['build', '-o', built, '.'], { cwd: join(SCHEMA, 'provider'), encoding: 'utf8' });
      expect(build.stderr.replaceAll(/^go: downloading .*\n/gm, '')).toBe('');
      const platform = /on (\w+)/.exec(terraform('.', 'version'))![1]!;
      for (const [name, version] of Object.entries(PROVIDERS)) {
        const place = join(folder, 'mirror/registry.terraform.io/hashicorp', name, version, platform);
        mkdirSync(place, { recursive: true });
        copyFileSync(built, join(place, `terraform-provider-${name}_v${version}`));
      }
      const settings = join(folder, 'terraformrc');
      const mirror = join(folder, 'mirror');
      writeFileSync(settings, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
      environment['TF_CLI_CONFIG_FILE'] = settings;
      environment['TAPLINE_PROVIDER_SCHEMA'] = join(SCHEMA, 'schema.json');
      const deployment = copyOf(TERRAFORM, 'deployment');
      terraform(deployment, 'init', '-backend=false');
      expect(terraform(deployment, 'validate')).toContain('The configuration is valid');
      expect(terraform(deployment, 'test')).toMatch(/Success! [12][0-9] passed, 0 failed/);
      writeFileSync(join(deployment, 'bad.tf'), 'resource "google_pubsub_topic" "bad" {\n  nam = "x"\n}\n');
      expect(() => terraform(deployment, 'validate')).toThrow(/An argument named "nam" is not expected here/);
    },
    300_000,
  );
});
