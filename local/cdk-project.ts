import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import * as z from 'zod/mini';
import { appPlace } from './app-place.ts';
import { problemsOf } from './problems.ts';

const context = z.record(z.string(), z.unknown());

/** The settings of `cdk.json` that change what an app synthesises. */
const settings = z.object({
  app: z.optional(z.string()),
  build: z.optional(z.string()),
  context: z.optional(context),
  pathMetadata: z.optional(z.boolean()),
  assetMetadata: z.optional(z.boolean()),
  versionReporting: z.optional(z.boolean()),
  staging: z.optional(z.boolean()),
});
type Settings = z.infer<typeof settings>;

/** A project's CDK app, as the CDK's command line would run it. */
export interface CdkProject {
  /** The command of the app. */
  readonly app: string;
  /** The command that runs before the app. */
  readonly build?: string;
  /** The context of the app: values by key. */
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * Reads `cdk.json`, `cdk.context.json` and `~/.cdk.json`. If several files set a context value, the precedence is that
 * of the CDK's command line: https://docs.aws.amazon.com/cdk/v2/guide/context.html
 *
 * @param given context values that override the files' values, like those of `cdk synth --context`
 * @throws FreshetError `SynthesisFailed`: a file isn't valid JSON, or no file names an app
 */
export function readCdkProject(projectFolder: string, given: Readonly<Record<string, unknown>> = {}): CdkProject {
  const path = join(projectFolder, 'cdk.json');
  const user = read(join(homedir(), '.cdk.json'), settings) ?? {};
  const project: Settings = { ...user, ...read(path, settings) };
  const { app, build } = project;
  if (app === undefined) {
    throw synthesisFailed(`${path} is missing or has no "app". Run the command in a CDK project's folder.`);
  }
  const found = read(join(projectFolder, 'cdk.context.json'), context) ?? {};
  return {
    app,
    ...(build !== undefined && { build }),
    context: { ...user.context, ...found, ...project.context, ...given, ...ownContext(project) },
  };
}

/** The context values that the CDK's command line adds. Without them, the app would synthesise different templates. */
function ownContext(project: Settings): Record<string, unknown> {
  const { pathMetadata = true, assetMetadata = true, versionReporting = true, staging = true } = project;
  return {
    ...(pathMetadata && { 'aws:cdk:enable-path-metadata': true }),
    ...(assetMetadata && { 'aws:cdk:enable-asset-metadata': true }),
    [versionReporting ? 'aws:cdk:version-reporting' : 'aws:cdk:disable-version-reporting']: true,
    ...(!staging && { 'aws:cdk:disable-asset-staging': true }),
    'aws:cdk:bundling-stacks': ['**'],
  };
}

/**
 * The longest context, in characters, that is passed in an environment variable. Windows allows 32,767 characters for
 * all environment variables together.
 */
const LONGEST_CONTEXT = 16_000;

/**
 * Returns the environment of an app: the given variables and those that the CDK's command line adds. Writes a long
 * context to a file in the assembly's folder, which must exist.
 */
export async function appEnvironment(
  project: CdkProject,
  assembly: string,
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ProcessEnv> {
  const { region, account } = await appPlace(env);
  const json = JSON.stringify(project.context);
  const file = join(assembly, 'context.json');
  const isLong = json.length > LONGEST_CONTEXT;
  if (isLong) writeFileSync(file, json);
  return {
    // The CDK's validation takes seconds, and its warnings wouldn't be shown here. It still runs before a deployment.
    CDK_VALIDATION: 'false',
    ...env,
    CDK_DEFAULT_REGION: region,
    ...(account !== undefined && { CDK_DEFAULT_ACCOUNT: account }),
    CDK_OUTDIR: assembly,
    CDK_CONTEXT_JSON: isLong ? '{}' : json,
    // The CDK reads the variable of this name, which is also the name of the CDK's constant for it.
    ...(isLong && { CONTEXT_OVERFLOW_LOCATION_ENV: file }),
  };
}

function read<T>(path: string, schema: z.ZodMiniType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    const why = (cause as Error).message.replaceAll(/\s+/g, ' ');
    throw synthesisFailed(`${path} is not valid JSON: ${why}`, cause);
  }
  const { data, error } = schema.safeParse(given);
  if (error !== undefined) throw synthesisFailed(`${path}: ${problemsOf(error, given)}`, error);
  return data;
}

/** Creates the error for an app that can't be synthesised. */
export function synthesisFailed(message: string, cause?: unknown): FreshetError {
  return new FreshetError(message, { code: 'SynthesisFailed', ...(cause !== undefined && { cause }) });
}
