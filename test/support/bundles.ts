import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemblyOf, SHOP } from './assembly.ts';

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: { readonly Code?: { readonly S3Key: string } } }>
  >;
}

/** The folder of a function's bundle, as in a deployment. @param idContains a part of the function's logical id */
export async function bundleOf(stack: string, idContains: string): Promise<string> {
  const assembly = await assemblyOf(SHOP);
  const { Resources }: Template = JSON.parse(readFileSync(join(assembly, `${stack}.template.json`), 'utf8'));
  const [, found] =
    Object.entries(Resources).find(([id, { Type }]) => Type === 'AWS::Lambda::Function' && id.includes(idContains)) ??
    [];
  const key = found?.Properties?.Code?.S3Key;
  if (key === undefined) throw new Error(`the stack ${stack} has no function whose logical id contains ${idContains}`);
  return join(assembly, `asset.${key.replace('.zip', '')}`);
}
