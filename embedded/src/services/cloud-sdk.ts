/** Finds the emulators inside an installed gcloud SDK; its own wrapper is not used, because it leaves an orphan behind. */
import { existsSync, globSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { PipelineError } from '@tapline/core/errors';

/** Path of an emulator's program, given relative to the SDK's `platform` folder. Throws PipelineError SERVICE. */
export function findEmulator(title: string, pattern: string, component: string): string {
  const roots = sdkRoots();
  for (const root of roots) {
    const path = globSync(join(root, 'platform', pattern))
      .sort()
      .at(-1);
    if (path !== undefined) return path;
  }
  const [sdk] = roots;
  throw new PipelineError(
    'SERVICE',
    sdk === undefined
      ? `${title} comes with the gcloud SDK, which is not here: install it, or set CLOUDSDK_ROOT_DIR to its folder`
      : `the gcloud SDK in ${sdk} has no ${title}: run "gcloud components install ${component}", or install the package of that name`,
  );
}

/** Folders that look like an SDK: where the environment says, where `gcloud` on the PATH leads, the usual places. */
function sdkRoots(): string[] {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'gcloud'))
    .filter((path) => existsSync(path))
    .map((path) => dirname(dirname(realpathSync(path))));
  const usual = ['/usr/lib/google-cloud-sdk', '/usr/share/google-cloud-sdk', join(homedir(), 'google-cloud-sdk')];
  const roots = [process.env['CLOUDSDK_ROOT_DIR'] ?? '', ...onPath, ...usual];
  return [...new Set(roots)].filter((root) => root !== '' && existsSync(join(root, 'platform')));
}
