/**
 * Type-checked lint, and the import fences of docs/design.md: who may import whom, checked by rule and not by good will.
 * A fence lists what a folder must not reach; tsconfig in core and report fences off the platform's globals as well.
 */
import tseslint from 'typescript-eslint';

const fence = (files, banned, message) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns: banned.map((group) => ({ group: [group].flat(), message })) }],
  },
});

const ROOMS = ['adapters', 'capture-agent', 'functions', 'report', 'embedded'];
/** Every way to reach the rooms that are not named: by package and by relative path. */
const rooms = (...except) =>
  ROOMS.filter((room) => !except.includes(room)).flatMap((room) => [`@tapline/${room}/*`, `**/../${room}/**`]);

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'captures/**', 'test/golden/**'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      // Typed arrays are indexed in bounds by construction; a check per element would cost more than the work.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  fence(
    ['core/src/**'],
    ['@tapline/*', 'node:*', [...rooms(), 'apache-arrow', 'd3-*', 'kafkajs']],
    'core imports nothing.',
  ),
  {
    files: ['core/src/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportDeclaration[source.value!=/^\\./]', message: 'core imports nothing but itself.' },
        { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'core has no clock.' },
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'core has no clock.' },
        {
          selector: "MemberExpression[object.name='Math'][property.name='random']",
          message: 'core has no randomness.',
        },
      ],
    },
  },
  fence(['adapters/**'], [rooms(), '../*/**'], 'An adapter imports core and its one client library.'),
  fence(['functions/src/stages/**'], [rooms(), 'node:*'], 'A stage imports core only.'),
  fence(['functions/src/entry/**'], [rooms('adapters', 'functions')], 'An entry wires core, adapters and stages.'),
  fence(['capture-agent/**'], [rooms('adapters', 'capture-agent')], 'The agent wires core and adapters.'),
  fence(['report/src/**'], [rooms('report'), 'node:*'], 'The page imports core and d3.'),
  fence(['embedded/**'], [['**/test/**']], 'Nothing imports the tests.'),
  {
    files: ['test/**', 'tools/**', '**/*.config.*', '**/*.mjs'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off' },
  },
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
);
