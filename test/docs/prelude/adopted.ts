import { App, Stack } from 'aws-cdk-lib';
import { type Adoption, type Boundary, defineBoundary as define } from 'freshet-aws';
import * as zod from 'zod';

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const stack = new Stack(app, 'Page', { env: { account: '111122223333', region: 'eu-west-1' } });
const read: Adoption['read'] = ({ sk, sku, version, name }) =>
  sk === 'PRODUCT' ? { id: sku, version, state: { name } } : undefined;
const catalogue: Boundary = define(import.meta.url, {
  name: 'catalogue',
  owns: {
    Product: {
      schema: zod.strictObject({ name: zod.string() }),
      adopted: { read, key: (id) => ({ pk: `PRODUCT#${id}`, sk: 'PRODUCT' }), expiresBy: false },
    },
  },
});
