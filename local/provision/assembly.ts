import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { problemsOf } from '../problems.ts';

const resource = z.object({
  Type: z.string(),
  Properties: z.optional(z.record(z.string(), z.unknown())),
  Metadata: z.optional(z.record(z.string(), z.unknown())),
  DependsOn: z.optional(z.union([z.string(), z.array(z.string())])),
  Condition: z.optional(z.string()),
});

const template = z.object({
  Parameters: z.optional(
    z.record(z.string(), z.object({ Type: z.optional(z.string()), Default: z.optional(z.unknown()) })),
  ),
  Conditions: z.optional(z.record(z.string(), z.unknown())),
  Mappings: z.optional(z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())))),
  Resources: z.record(z.string(), resource),
  Outputs: z.optional(
    z.record(
      z.string(),
      z.object({
        Value: z.unknown(),
        Condition: z.optional(z.string()),
        Export: z.optional(z.object({ Name: z.unknown() })),
      }),
    ),
  ),
});

/** A resource of a template, before its properties are resolved. */
export type Resource = z.infer<typeof resource>;
/** The parts of a CloudFormation template that the local cloud reads. */
export type Template = z.infer<typeof template>;

/** One stack of an assembly. */
export interface Stack {
  readonly name: string;
  readonly template: Template;
  /** The folder with the stack's assets. */
  readonly folder: string;
  /** Paths of the stack's assets by the last part of their S3 keys. A stage's assets are one folder up. */
  readonly assets: ReadonlyMap<string, string>;
  /** The account and the region that the app gives the stack. @default - the app leaves them open */
  readonly environment?: { readonly account: string; readonly region: string };
}

const manifest = z.object({
  artifacts: z.optional(
    z.record(
      z.string(),
      z.object({
        type: z.string(),
        environment: z.optional(z.string()),
        dependencies: z.optional(z.array(z.string())),
        properties: z.optional(
          z.object({
            file: z.optional(z.string()),
            templateFile: z.optional(z.string()),
            stackName: z.optional(z.string()),
            directoryName: z.optional(z.string()),
          }),
        ),
      }),
    ),
  ),
});

/** https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema.AssetManifest.html */
const assetManifest = z.object({
  files: z._default(
    z.record(
      z.string(),
      z.object({
        source: z.object({ path: z.optional(z.string()) }),
        destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
      }),
    ),
    {},
  ),
});

/**
 * Reads a synthesised cloud assembly (`cdk.out`), including its stages. Each stack follows the stacks that it depends
 * on. Format: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html (cloud assemblies)
 */
export function readAssembly(folder: string): Stack[] {
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) throw new Error(`${folder} is not a cloud assembly: it has no manifest.json. Run cdk synth.`);
  const artifacts = read(manifest, file).artifacts ?? {};
  const stacks: Stack[] = [];
  const seen = new Set<string>();

  function visit(id: string): void {
    const artifact = artifacts[id];
    if (!artifact || seen.has(id)) return;
    seen.add(id);
    for (const dependency of artifact.dependencies ?? []) visit(dependency);
    const { templateFile, stackName, directoryName } = artifact.properties ?? {};
    if (artifact.type === 'cdk:cloud-assembly' && directoryName)
      stacks.push(...readAssembly(join(folder, directoryName)));
    if (artifact.type !== 'aws:cloudformation:stack' || !templateFile) return;
    const manifests = (artifact.dependencies ?? []).flatMap(
      (dependency) => artifacts[dependency]?.properties?.file ?? [],
    );
    const environment = environmentOf(artifact.environment);
    stacks.push({
      name: stackName ?? id,
      template: readTemplate(join(folder, templateFile)),
      folder,
      assets: new Map(manifests.flatMap((name) => assetsIn(folder, name))),
      ...(environment && { environment }),
    });
  }

  for (const id of Object.keys(artifacts)) visit(id);
  return stacks;
}

function readTemplate(file: string): Template {
  return read(template, file);
}

function read<T>(schema: z.ZodMiniType<T>, file: string): T {
  const given: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new Error(`${file} can't be read: ${problemsOf(result.error, given)}`);
}

/** Such as `aws://123456789012/eu-central-1`, or `aws://unknown-account/unknown-region`. */
function environmentOf(given = ''): Stack['environment'] {
  const [, account = '', region = ''] = /^aws:\/\/([^/]*)\/(.*)$/.exec(given) ?? [];
  return account === '' ? undefined : { account, region };
}

function assetsIn(folder: string, name: string): [string, string][] {
  const file = join(folder, name);
  if (!existsSync(file)) return [];
  const { files } = read(assetManifest, file);
  return Object.values(files).flatMap(({ source: { path }, destinations }) =>
    path === undefined
      ? []
      : Object.values(destinations).map(({ objectKey }): [string, string] => [basename(objectKey), join(folder, path)]),
  );
}

/**
 * The folder of a function's bundle: an asset of the stack, or the asset with the name of the S3 key. Undefined for
 * code that isn't a folder among the assets, such as an archive or an object in a bucket.
 */
export function assetFolder(stack: Stack, { Metadata }: Resource, s3Key: string): string | undefined {
  const noted = Metadata?.['aws:asset:path'];
  const name = typeof noted === 'string' ? noted : `asset.${basename(s3Key, '.zip')}`;
  const asset = stack.assets.get(basename(s3Key));
  const path = asset ?? join(stack.folder, name);
  if (existsSync(path)) return statSync(path).isDirectory() ? path : undefined;
  if (asset === undefined && noted === undefined) return undefined;
  throw new Error(`The bundle ${name} is missing in ${stack.folder}. Run cdk synth again.`);
}

/**
 * The nested stack that a resource of `parent` creates; undefined if the stack's template isn't an asset.
 *
 * @param name the name of the nested stack
 * @param templateUrl where the template would be on AWS
 */
export function nestedStack(parent: Stack, name: string, templateUrl: string): Stack | undefined {
  const file = parent.assets.get(basename(templateUrl));
  return file === undefined ? undefined : { ...parent, name, template: readTemplate(file) };
}
