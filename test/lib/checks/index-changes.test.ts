import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { catalogue } from '../../support/boundaries.ts';
import type { Template } from '../../support/table-writers.ts';
import { context } from './planted.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freshet-deployed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The template of a cache with indexes on some fields. @param more context of the app */
function cacheWith(fields: readonly string[], more: Readonly<Record<string, string>> = {}): Template {
  const app = new App({ context: { ...context, ...more }, outdir: join(folder, `out-${fields.join('-')}`) });
  const stack = new Stack(app, 'Shop');
  const indexes = Object.fromEntries(fields.map((field) => [field, 'name'] as const));
  const boundary = defineBoundary('file:///shop.ts', {
    name: 'shop',
    caches: { Product: keep(catalogue.owns.Product, { indexes }) },
  });
  const owner = new EntityOwner(stack, 'Owner', { boundary: catalogue });
  new LocalCache(stack, 'Cache', { boundary, sources: [owner] });
  return app.synth().getStackByName('Shop').template;
}

const deployed = (fields: readonly string[], file = 'Shop.template.json') => {
  writeFileSync(join(folder, file), JSON.stringify(cacheWith(fields)));
  return { 'freshet-aws:deployed': folder };
};

describe('the check of index changes against the deployed template', () => {
  test('two index changes in one deployment are refused, with the way to deploy them', () => {
    const given = deployed(['one', 'two']);
    expect(() => cacheWith(['one', 'three'], given)).toThrow(
      /Shop\/Cache\/Table: the update creates \S*three and deletes \S*two\. Why: DynamoDB creates or deletes one index/,
    );
    expect(() => cacheWith(['one', 'two', 'three', 'four'], given)).toThrow(
      /creates \S*four, \S*three\. .*change one index, deploy, and then change the next one/,
    );
  });

  test.each(['Shop.template.json', 'Shop.json'])('one index change is accepted, compared with %s', (file) => {
    const given = deployed(['one'], file);
    expect(() => cacheWith(['one', 'two'], given)).not.toThrow();
    expect(() => cacheWith([], given)).not.toThrow();
    expect(() => cacheWith(['two', 'three'], given)).toThrow('the update creates');
  });

  test('a stack without a deployed template counts as new', () => {
    expect(() => cacheWith(['one', 'two'], { 'freshet-aws:deployed': folder })).not.toThrow();
  });

  test('a folder of deployed templates that does not exist is refused', () => {
    const missing = join(folder, 'missing');
    expect(() => cacheWith(['one'], { 'freshet-aws:deployed': missing })).toThrow(
      `context freshet-aws:deployed: no such folder: ${missing}. Allowed: a folder with the templates`,
    );
  });
});
