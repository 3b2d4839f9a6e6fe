import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Queue } from 'aws-cdk-lib/aws-sqs';
const app = new App();
const owner = new Stack(app, 'Owner');
const table = new Table(owner, 'Table', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
for (const key of ['given', 'project', 'file', 'long']) {
  new CfnOutput(owner, key, { value: String(app.node.tryGetContext(key)) });
}
new CfnOutput(owner, 'region', { value: String(process.env.CDK_DEFAULT_REGION) });
const cache = new Stack(app, 'Cache');
new CfnOutput(cache, 'reference', { value: table.tableArn });
new Queue(new NestedStack(cache, 'Nested'), 'Queue');
new Queue(new Stack(new Stage(app, 'Production'), 'Cache'), 'Queue');
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-synthesise-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'app.mjs'), APP);
  const context = { '@aws-cdk/core:defaultCrossStackReferences': 'weak', given: 'project', project: 'project' };
  writeCdkJson({ app: 'node app.mjs', build: "node -e \"fs.writeFileSync('built', '')\"", context });
  writeFileSync(join(folder, 'cdk.context.json'), JSON.stringify({ given: 'file', project: 'file', file: 'file' }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function writeCdkJson(content: object): void {
  writeFileSync(join(folder, 'cdk.json'), JSON.stringify(content));
}

/** All templates of an assembly, by path. */
function templatesIn(assembly: string): Record<string, unknown> {
  const files = readdirSync(assembly, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.template.json'),
  );
  return Object.fromEntries(files.sort().map((file) => [file, JSON.parse(readFileSync(join(assembly, file), 'utf8'))]));
}

async function cdkSynth(...args: readonly string[]): Promise<string> {
  const output = join(folder, 'by-cdk');
  const cdk = join(root, 'node_modules/aws-cdk/bin/cdk');
  const env = { ...process.env, CDK_DISABLE_VERSION_CHECK: '1', AWS_EC2_METADATA_DISABLED: 'true' };
  await promisify(execFile)(process.execPath, [cdk, 'synth', '--quiet', '--no-notices', '--output', output, ...args], {
    cwd: folder,
    env,
  });
  return output;
}

describe('synthesise', () => {
  test("synthesise writes the same templates as the CDK's command line", async () => {
    const expected = templatesIn(await cdkSynth('--context', 'given=cli'));
    const templates = templatesIn(await synthesise(folder, { context: { given: 'cli' } }));
    expect(Object.keys(templates)).toHaveLength(4);
    expect(templates).toEqual(expected);
    expect(templates['Owner.template.json']).toMatchObject({
      Outputs: { given: { Value: 'cli' }, project: { Value: 'project' }, file: { Value: 'file' } },
    });
  }, 60_000);

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
    ['a build that fails', { app: 'node app.mjs', build: 'node -e "process.exit(4)"' }, /exit code 4/],
    ['a cdk.json without an app', { context: {} }, /has no "app". Run the command in a CDK project's folder/],
    ['a cdk.json whose context is a list', { app: 'node app.mjs', context: [] }, /cdk\.json: /],
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
