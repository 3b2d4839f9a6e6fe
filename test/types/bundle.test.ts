import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test('a function that reads a cache with its types bundles no constructs, no local cloud and no client but DynamoDB', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../examples/shop/ordering/functions/pages.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['freshet-source'],
    write: false,
    metafile: true,
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  expect(inputs.filter((file) => file.includes('@aws-sdk/client-dynamodb/'))).not.toEqual([]);
  const heavy = /aws-cdk-lib|constructs|esbuild|@aws-sdk\/client-(?!dynamodb)|(^|\/)(local|lib|cli)\/[^/]+\.ts$/;
  expect(inputs.filter((file) => heavy.test(file))).toEqual([]);
});
