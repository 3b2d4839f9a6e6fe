import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { ServiceFunction } from '../../lib/service-function.ts';
import { lab, shelf } from '../support/lab.ts';
import { sales } from '../support/sagas.ts';
import { propertiesOf, stackTemplate } from '../support/shop.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-service-function-'));
  mkdirSync(join(folder, 'functions'));
  for (const name of ['source.ts', 'compiled.js']) {
    writeFileSync(join(folder, 'functions', name), 'export const handler = async () => 1;');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ofFile = (file: string | URL) => (stack: Stack) => new ServiceFunction(stack, 'Handler', { file });

describe('ServiceFunction', () => {
  test.each([
    ['the path of a module', () => join(folder, 'functions', 'source.ts')],
    ['the URL of a module', () => new URL('functions/source.ts', pathToFileURL(`${folder}/`))],
    ['the text of a URL', () => pathToFileURL(join(folder, 'functions', 'source.ts')).href],
    ['a TypeScript module that was compiled to JavaScript', () => join(folder, 'functions', 'compiled.ts')],
  ])('a function is made from %s, with defaults for time-out and memory', (_, fileOf) => {
    const { Timeout, MemorySize, Handler } = propertiesOf(stackTemplate(ofFile(fileOf())), 'AWS::Lambda::Function');
    expect({ Timeout, MemorySize, Handler }).toEqual({ Timeout: 10, MemorySize: 512, Handler: 'index.handler' });
  });

  test('a module that does not exist is refused with its path', () => {
    const missing = join(folder, 'functions', 'missing.ts');
    expect(() => stackTemplate(ofFile(missing))).toThrow(`file: not found: ${missing}.`);
  });

  test('a relative path is refused with the forms that are allowed', () => {
    expect(() => stackTemplate(ofFile('functions/source.ts'))).toThrow(
      "file: not an absolute path: functions/source.ts. Allowed: new URL('./functions/name.ts', import.meta.url)",
    );
  });
});

describe('grants', () => {
  /** Grants a function of the app everything. @param create creates the function */
  const granted = (create: (stack: Stack) => LambdaFunction) =>
    stackTemplate((stack) => {
      const owner = new EntityOwner(stack, 'Owner', { boundary: lab });
      const own = create(stack);
      owner.grantWrite(own);
      new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] }).grantRead(own);
      new FactTopic(stack, 'Facts', { boundary: sales }).grantCommit(own);
    });

  test.each<[string, (stack: Stack) => LambdaFunction]>([
    ['a ServiceFunction', (stack) => ofFile(join(folder, 'functions', 'source.ts'))(stack)],
    [
      "a function of the CDK's own construct",
      (stack) =>
        new LambdaFunction(stack, 'Handler', {
          runtime: Runtime.NODEJS_24_X,
          handler: 'index.handler',
          code: Code.fromInline('exports.handler = async () => 1;'),
        }),
    ],
  ])('%s gets the names of the tables by the grants', (_, create) => {
    const template = granted(create);
    const tables = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table');
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'Handler').Environment;
    expect(Object.keys(Variables).sort()).toEqual([
      `FRESHET_CACHE_${shelf.name.toUpperCase()}`,
      `FRESHET_FACTS_${sales.name.toUpperCase()}`,
      `FRESHET_FLOW_${lab.name.toUpperCase()}`,
      `FRESHET_OWNER_${lab.name.toUpperCase()}`,
    ]);
    const named = Object.values(Variables as Record<string, { Ref: string }>).map(({ Ref }) => Ref);
    expect(new Set(named).size).toBe(4);
    for (const name of named) expect(tables.map(([id]) => id)).toContain(name);
  });

  test('a role is granted the same actions, and nothing else is changed', () => {
    const template = stackTemplate((stack) => {
      const role = new Role(stack, 'Reader', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
      new EntityOwner(stack, 'Owner', { boundary: lab }).grantWrite(role);
    });
    expect(propertiesOf(template, 'AWS::IAM::Policy', 'Reader').PolicyDocument.Statement.length).toBeGreaterThan(0);
  });
});
