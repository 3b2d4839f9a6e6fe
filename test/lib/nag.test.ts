import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import { ChangeTopic } from '../../lib/change-topic.ts';
import type { DataProtectionProps } from '../../lib/data-protection.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import { PostgresOwner } from '../../lib/postgres-owner.ts';
import { Saga } from '../../lib/saga.ts';
import { parts } from '../postgres/boundary.ts';
import { workshop } from '../support/adopting.ts';
import { catalogue } from '../support/boundaries.ts';
import { lab, shelf } from '../support/lab.ts';
import { billing, sales, shipping } from '../support/sagas.ts';

/** Synthesises an app as `npm run synth` does. Throws the findings of cdk-nag's AwsSolutions pack. */
function synthesise(build: (stack: Stack) => void): void {
  const outdir = mkdtempSync(join(tmpdir(), 'freshet-nag-'));
  try {
    const app = new App({ outdir, context: { 'aws:cdk:bundling-stacks': [] } });
    build(new Stack(app, 'Test'));
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

const protections: Record<string, (stack: Stack) => DataProtectionProps> = {
  'in production': () => ({}),
  'with a customer-managed key': (stack) => ({ encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) }),
};

test.each(Object.entries(protections))('cdk-nag has no findings about the constructs %s', (_, protection) => {
  synthesise((stack) => {
    const given = protection(stack);
    const consumerAccounts = ['111122223333'];
    const owner = new EntityOwner(stack, 'Owner', { boundary: lab, consumerAccounts, highThroughput: true, ...given });
    new ChangeTopic(stack, 'Topic', { boundary: catalogue, consumerAccounts, ...given });
    new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner], ...given });
    const table = Table.fromTableAttributes(stack, 'Existing', {
      tableArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/parts',
      tableStreamArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/parts/stream/2026-11-30T00:00:00.000',
    });
    const database = { host: 'db.example.com', name: 'parts', user: 'parts_relay', resourceId: 'prx-1' };
    new PostgresOwner(stack, 'Postgres', { boundary: parts, database, consumerAccounts, ...given });
    new EntityOwner(stack, 'Adopting', { boundary: workshop, adopts: { table }, ...given });
    const topicOf = (boundary: typeof sales | typeof billing) =>
      new FactTopic(stack, boundary.name, { boundary, archiveDays: 30, ...given });
    const sources = [sales, billing].map(topicOf);
    new Saga(stack, 'Saga', { saga: shipping, sources, ...given });
  });
});

test('an acknowledgement for a construct does not apply to other constructs', () => {
  const build = () =>
    synthesise((stack) => {
      new EntityOwner(stack, 'Owner', { boundary: lab });
      new Queue(stack, 'Plain');
    });
  expect(build).toThrow(/Test\/Plain\/Resource[\s\S]*AwsSolutions-SQS3/);
  expect(build).not.toThrow(/Test\/Owner/);
});
