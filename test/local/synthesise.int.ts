import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseStacks } from '../../local/choose-stacks.ts';
import { readAssembly } from '../../local/provision/assembly.ts';
import { synthesise } from '../../local/synthesise.ts';
import { root } from '../support/command-line.ts';

/** An app whose templates show the context, the region and what new CDK apps do by feature flags. */
const APP = `
import { App, CfnOutput, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { EntityOwner, LocalCache } from 'freshet-aws/cdk';
import ordering, { geography } from './contracts.ts';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Queue } from 'aws-cdk-lib/aws-sqs';
const app = new App();
const owner = new Stack(app, 'Owner');
const table = new Table(owner, 'Table', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
for (const key of ['given', 'both', 'project', 'file', 'long']) {
  new CfnOutput(owner, key, { value: String(app.node.tryGetContext(key)) });
}
const cache = new Stack(app, 'Cache');
new CfnOutput(cache, 'reference', { value: table.tableArn });
new Queue(new NestedStack(cache, 'Nested'), 'Queue');
new Queue(new Stack(new Stage(app, 'Production'), 'Cache'), 'Queue');
if (app.node.tryGetContext('boundaries') !== undefined) {
  const boundaries = new Stack(app, 'Boundaries');
  const source = new EntityOwner(boundaries, 'Owner', { boundary: geography });
  new LocalCache(boundaries, 'Cache', { boundary: ordering, sources: [source] });
}
`;

/** A stack in the account and region of the CDK's command line. */
const PLACE = `
import { App, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
const app = new App();
new Queue(new Stack(app, 'Here', { env: { account, region } }), 'Queue', { queueName: 'in-' + account + '-' + region });
app.synth();
`;

const CONTRACTS = `
import { defineBoundary, keep } from 'freshet-aws';
import * as z from 'zod';
const Country = z.strictObject({ name: z.string() });
export const geography = defineBoundary(import.meta.url, { name: 'geography', owns: { Country: { schema: Country } } });
export default defineBoundary(import.meta.url, { name: 'ordering', caches: { Country: keep(geography.owns.Country) } });
`;

/** Feature flags that change templates of this app, besides the one for weak references. */
const FLAGS = {
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:enablePartitionLiterals': true,
  '@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption': true,
  '@aws-cdk/core:target-partitions': ['aws', 'aws-cn'],
};

const RUN = 'node --conditions=freshet-source --import tsx';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-synthesise-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'app.mjs'), APP);
  writeFileSync(join(folder, 'contracts.ts'), CONTRACTS);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const context = { '@aws-cdk/core:defaultCrossStackReferences': 'weak', given: 'project', project: 'project' };
  writeCdkJson({ app: `${RUN} app.mjs`, build: "node -e \"fs.writeFileSync('built', '')\"", context });
  writeFileSync(join(folder, 'cdk.context.json'), JSON.stringify({ given: 'file', project: 'file', file: 'file' }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeCdkJson(content: object | string): void {
  writeFileSync(join(folder, 'cdk.json'), typeof content === 'string' ? content : JSON.stringify(content));
}

/** All templates of an assembly, by path. */
function templatesIn(assembly: string): Record<string, unknown> {
  const files = readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.template.json'),
  );
  return Object.fromEntries(files.sort().map((file) => [file, JSON.parse(readFileSync(join(assembly, file), 'utf8'))]));
}

async function cdkSynth(args: readonly string[], given: NodeJS.ProcessEnv = {}): Promise<string> {
  const output = join(folder, 'by-cdk');
  rmSync(output, { recursive: true, force: true });
  const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
  const env = { ...process.env, ...given, CDK_DISABLE_VERSION_CHECK: '1', AWS_EC2_METADATA_DISABLED: 'true' };
  await promisify(execFile)(process.execPath, [cdk, 'synth', '--quiet', '--no-notices', '--output', output, ...args], {
    cwd: folder,
    env,
  });
  return output;
}

describe('synthesise', () => {
  test("synthesise writes the same templates as the CDK's command line", async () => {
    const expected = templatesIn(await cdkSynth(['--context', 'given=cli']));
    const templates = templatesIn(await synthesise(folder, { context: { given: 'cli' } }));
    expect(Object.keys(templates)).toHaveLength(4);
    expect(templates).toEqual(expected);
    expect(templates['Owner.template.json']).toMatchObject({
      Outputs: { given: { Value: 'cli' }, project: { Value: 'project' }, file: { Value: 'file' } },
    });
  }, 120_000);

  test("synthesise writes the CDK's templates of a boundary with feature flags and context of all places", async () => {
    const cdkJson = readFileSync(join(folder, 'cdk.json'), 'utf8');
    const { context, ...rest } = JSON.parse(cdkJson);
    writeCdkJson({
      ...rest,
      context: { ...context, ...FLAGS, both: 'project', '@aws-cdk/core:checkSecretUsage': false },
    });
    const fileFlags = { file: 'file', both: 'file', '@aws-cdk/core:stackRelativeExports': true };
    const contextJson = readFileSync(join(folder, 'cdk.context.json'), 'utf8');
    writeFileSync(join(folder, 'cdk.context.json'), JSON.stringify(fileFlags));
    try {
      const given = { boundaries: 'yes', given: 'cli', '@aws-cdk/core:checkSecretUsage': 'true' };
      const args = Object.entries(given).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
      const expected = templatesIn(await cdkSynth(args));
      const templates = templatesIn(await synthesise(folder, { context: given }));
      expect(templates).toEqual(expected);
      expect(templates['Owner.template.json']).toMatchObject({
        Outputs: { given: { Value: 'cli' }, both: { Value: 'project' }, file: { Value: 'file' } },
      });
      // The comparison depends on the flags: without them, the boundary has other templates.
      writeCdkJson({ ...rest, context });
      const without = templatesIn(await synthesise(folder, { context: given }))['Boundaries.template.json'];
      expect(without).toBeDefined();
      expect(without).not.toEqual(templates['Boundaries.template.json']);
    } finally {
      writeFileSync(join(folder, 'cdk.json'), cdkJson);
      writeFileSync(join(folder, 'cdk.context.json'), contextJson);
    }
  }, 240_000);

  describe('gives an app the default region and account', () => {
    const account = '111122223333';
    const NONE = Object.fromEntries(
      Object.keys(process.env).flatMap((name) => (/^(AWS|CDK|AMAZON)_/.test(name) ? [[name, undefined]] : [])),
    );
    const files = () => {
      const aws = join(folder, 'aws');
      mkdirSync(join(aws, 'cdk', 'cache'), { recursive: true });
      writeFileSync(join(aws, 'config'), '[default]\nregion = eu-north-1\n[profile work]\nregion = eu-west-3\n');
      const keys = (key: string) => `aws_access_key_id = ${key}\naws_secret_access_key = secret\n`;
      writeFileSync(join(aws, 'credentials'), `[work]\n${keys('AKIAWORK')}[other]\n${keys('AKIAOTHER')}`);
      const kept = { AKIAWORK: { accountId: account, partition: 'aws' } };
      writeFileSync(join(aws, 'cdk', 'cache', 'accounts_partitions.json'), JSON.stringify(kept));
      return {
        AWS_CONFIG_FILE: join(aws, 'config'),
        AWS_SHARED_CREDENTIALS_FILE: join(aws, 'credentials'),
        CDK_HOME: join(aws, 'cdk'),
        AWS_EC2_METADATA_DISABLED: 'true',
      };
    };

    test.each<[string, NodeJS.ProcessEnv, object]>([
      ['without credentials', {}, { region: 'eu-north-1' }],
      [
        'with variables of the environment',
        { CDK_DEFAULT_ACCOUNT: account, AWS_REGION: 'eu-west-2' },
        { account, region: 'eu-west-2' },
      ],
      ['with a profile whose account the CDK knows', { AWS_PROFILE: 'work' }, { account, region: 'eu-west-3' }],
      [
        'with credentials whose account the CDK knows',
        {
          AWS_ACCESS_KEY_ID: 'AKIAWORK',
          AWS_SECRET_ACCESS_KEY: 'secret',
          CDK_DEFAULT_ACCOUNT: '1',
          CDK_DEFAULT_REGION: 'x',
        },
        { account, region: 'eu-north-1' },
      ],
    ])(
      'as the CDK does, %s',
      async (_, given, expected) => {
        const cdkJson = readFileSync(join(folder, 'cdk.json'), 'utf8');
        writeFileSync(join(folder, 'place.mjs'), PLACE);
        writeCdkJson({ app: 'node place.mjs' });
        try {
          const env = { ...NONE, ...files(), ...given };
          const placeIn = (assembly: string) =>
            JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')).artifacts.Here;
          const [byCdk, byFreshet] = [
            await cdkSynth([], env),
            await synthesise(folder, { env: { ...process.env, ...env } }),
          ];
          const { account: inCdk = 'unknown-account', region = 'unknown-region' } = expected as Record<string, string>;
          expect(placeIn(byCdk).environment).toBe(`aws://${inCdk}/${region}`);
          expect(placeIn(byFreshet).environment).toBe(placeIn(byCdk).environment);
          expect(templatesIn(byFreshet)).toEqual(templatesIn(byCdk));
        } finally {
          writeFileSync(join(folder, 'cdk.json'), cdkJson);
        }
      },
      120_000,
    );
  });

  test('a context that is too long for an environment variable reaches the app', async () => {
    const long = 'x'.repeat(200_000);
    expect(templatesIn(await synthesise(folder, { context: { long } }))['Owner.template.json']).toMatchObject({
      Outputs: { long: { Value: long } },
    });
  });

  test.each([
    [['Cache'], ['Cache', 'Owner'], 'a stack keeps those that it depends on'],
    [['Own*'], ['Owner'], 'a star stands for a part of a name'],
    [['Production/*'], ['Production-Cache'], 'a stack of a stage is chosen by its path'],
    [['Production-Cache', 'Owner'], ['Owner', 'Production-Cache'], 'a stack is chosen by its name'],
  ])('of the stacks %j, the assembly runs %j: %s', (stacks, expected) => {
    // A copy, because the choice changes the assembly, and an app takes seconds.
    const assembly = join(folder, 'chosen');
    cpSync(join(folder, '.freshet', 'test-assembly'), assembly, { recursive: true });
    chooseStacks(assembly, stacks);
    const names = readAssembly(assembly).map(({ name }) => name);
    expect(names.sort()).toEqual(expected);
  });

  test('a pattern that matches no stack is refused with the stacks of the app', async () => {
    await expect(synthesise(folder, { stacks: ['Owner', 'Orders'] })).rejects.toMatchObject({
      code: 'SynthesisFailed',
      message: 'stacks: no stack matches "Orders". Stacks: Owner, Cache, Production/Cache.',
    });
  });

  test('the build command of cdk.json runs before the app', async () => {
    rmSync(join(folder, 'built'), { force: true });
    await synthesise(folder);
    expect(readdirSync(folder)).toContain('built');
  });

  test.each([
    [
      'an app that fails',
      { app: 'node -e "console.error(\'broken app\'); process.exit(3)"' },
      /exit code 3:\nbroken app/,
    ],
    ['a build that fails', { app: `${RUN} app.mjs`, build: 'node -e "process.exit(4)"' }, /exit code 4/],
    ['a cdk.json without an app', { context: {} }, /has no "app". Run the command in a CDK project's folder/],
    [
      'a cdk.json whose context is a list',
      { app: `${RUN} app.mjs`, context: [] },
      /^\S+cdk\.json: context is \[\]\. Allowed: an object$/,
    ],
    [
      'a cdk.json with values of the wrong types',
      { app: 7, versionReporting: 'no' },
      /^\S+cdk\.json: app is 7\. Allowed: a string; versionReporting is "no"\. Allowed: true or false$/,
    ],
    ['a cdk.json that is a list', [], /^\S+cdk\.json: the value is \[\]\. Allowed: an object$/],
    ['a cdk.json that is not JSON', '{\n  app: "node"\n}', /^\S+cdk\.json is not valid JSON: [^\n]+$/],
  ])('%s is refused as SynthesisFailed', async (_, cdkJson, message) => {
    const before = readFileSync(join(folder, 'cdk.json'));
    writeCdkJson(cdkJson);
    try {
      await expect(synthesise(folder)).rejects.toMatchObject({
        code: 'SynthesisFailed',
        message: expect.stringMatching(message),
      });
    } finally {
      writeFileSync(join(folder, 'cdk.json'), before);
    }
  });
});
