/** The import fences of docs/design.md, tried by breaking each of them. */
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint();

/** Rules that `text` breaks when it stands in `file`. */
async function broken(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: file });
  return result!.messages.map(({ ruleId, message }) => ruleId ?? message);
}

describe('an import fence', () => {
  it.each([
    ['core/src/errors.ts', "import 'node:fs';"],
    ['core/src/errors.ts', "import '@tapline/adapters/sqlite/database';"],
    ['core/src/errors.ts', "import 'apache-arrow';"],
    ['core/src/errors.ts', "import '../../adapters/sqlite/database.ts';"],
    ['adapters/sqlite/database.ts', "import '@tapline/capture-agent/agent';"],
    ['adapters/sqlite/database.ts', "import '@tapline/functions/stages/parse';"],
    ['adapters/sqlite/database.ts', "import '../memory/window-store.ts';"],
    ['functions/src/stages/parse.ts', "import '@tapline/adapters/sqlite/database';"],
    ['functions/src/stages/parse.ts', "import 'node:fs';"],
    ['capture-agent/src/agent.ts', "import '@tapline/functions/stages/parse';"],
    ['capture-agent/src/agent.ts', "import '@tapline/report/main';"],
    ['report/src/main.ts', "import '@tapline/adapters/sqlite/database';"],
    ['report/src/main.ts', "import 'node:fs';"],
    ['embedded/src/main.ts', "import '../../test/helpers/captures.ts';"],
  ])('refuses in %s: %s', async (file, text) => {
    expect(await broken(file, text)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^no-restricted-(imports|syntax)$/)]),
    );
  });

  it.each(['export const now = Date.now();', 'export const now = new Date();', 'export const chance = Math.random();'])(
    'keeps clock and chance out of core: %s',
    async (text) => {
      expect(await broken('core/src/errors.ts', text)).toContain('no-restricted-syntax');
    },
  );
});
