import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: { readonly Code?: { readonly S3Key: string } } }>
  >;
}

/** The folder of a function's bundle as a deployment would send it: that of a stack whose logical id contains a text. */
export function bundleOf(stack: string, idContains: string): string {
  const assembly = inject('assembly');
  const { Resources }: Template = JSON.parse(readFileSync(join(assembly, `${stack}.template.json`), 'utf8'));
  const [, found] =
    Object.entries(Resources).find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.includes(idContains)) ??
    [];
  const key = found?.Properties?.Code?.S3Key;
  if (key === undefined) throw new Error(`${stack} has no function ${idContains}`);
  return join(assembly, `asset.${key.replace('.zip', '')}`);
}
