/** The packages that core may use. Everything else has a clock, randomness, a process or I/O behind it. */
const CORE_PACKAGES = ['@standard-schema/spec', 'canonicalize', 'zod'];

const FOLDERS = 'adapters|bench|bin|cli|core|examples|lambdas|lib|local|package|test';

/** A folder may import itself and the listed folders and files, and nothing else of this project. */
const mayImport = (folder, allowed, comment) => ({
  name: `${folder}-imports`,
  comment,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: `^(${FOLDERS})/`, pathNot: [folder, ...allowed].map((one) => `^${one}`) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that import each other can only be understood together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^#(contracts|saga)$' },
    },
    mayImport('core', [], 'The core decides without AWS, clock, randomness or process.'),
    mayImport('adapters', ['core/'], "Adapters connect the core's ports to the AWS SDK."),
    mayImport('lambdas', ['adapters/', 'core/'], 'A handler builds adapters and calls the core.'),
    mayImport(
      'lib',
      ['core/', 'adapters/aws/items\\.ts$', 'adapters/aws/stack-output\\.ts$'],
      'Constructs take names and contracts. They point at the Lambdas by path.',
    ),
    mayImport('local', ['adapters/', 'core/', 'package/'], 'The local cloud runs what was synthesised.'),
    mayImport('cli', ['local/', 'adapters/', 'core/', 'package/'], 'The command line uses the two other packages.'),
    mayImport('bin', ['examples/'], 'The CDK apps of this repository are those of the example.'),
    mayImport(
      'examples',
      ['package/(index|cdk|postgres)\\.ts$', 'local/index\\.ts$'],
      'The example imports public names, so that a file copied from it works in an app.',
    ),
    mayImport(
      'bench',
      FOLDERS.split('|').filter((folder) => folder !== 'test'),
      'Nothing imports tests but tests.',
    ),
    {
      name: 'run-time-entry',
      comment: '`freshet-aws` loads neither constructs nor the local cloud.',
      severity: 'error',
      from: { path: '^package/index\\.ts$' },
      to: { path: '^(lib|local|cli|lambdas)/', reachable: true },
    },
    {
      name: 'run-time-entry-clients',
      comment: '`freshet-aws` loads no client that only constructs or operators need.',
      severity: 'error',
      from: { path: '^package/index\\.ts$' },
      to: { path: 'node_modules/@aws-sdk/client-(cloudwatch|cloudformation|lambda)/', reachable: true },
    },
    {
      name: 'construct-entry',
      comment: '`freshet-aws/cdk` loads no other package of this project.',
      severity: 'error',
      from: { path: '^package/cdk\\.ts$' },
      to: { path: '^(local|cli|lambdas)/', reachable: true },
    },
    {
      name: 'core-packages',
      comment: `The core may use ${CORE_PACKAGES.join(', ')}.`,
      severity: 'error',
      from: { path: '^core/' },
      to: {
        path: 'node_modules/',
        pathNot: CORE_PACKAGES.map((name) => `node_modules/${name}/`),
      },
    },
    {
      name: 'core-built-ins',
      comment:
        'The core may use node:crypto for digests and node:zlib for compressed states, because both are functions of ' +
        'their arguments; Biome checks which names it takes.',
      severity: 'error',
      from: { path: '^core/' },
      to: { dependencyTypes: ['core'], pathNot: '^(crypto|zlib)$' },
    },
    {
      name: 'no-tests',
      comment: 'Tests are imported by tests.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    doNotFollow: { path: 'node_modules/' },
    // The parser takes no JSX. Only files of the console's page have it.
    exclude: { path: ['(^|/)(dist|cdk\\.out|\\.freshet)/', '^cli/console/built/', '^cli/console/page/.*\\.tsx$'] },
    enhancedResolveOptions: {
      conditionNames: ['freshet-source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.d.ts', '.json'],
    },
  },
};
