import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadSharedConfigFiles } from '@smithy/core/config';
import * as z from 'zod/mini';
import { LOCAL_REGION } from './identity.ts';

/** Where the CDK's command line would deploy a stack that names no account and region. */
export interface AppPlace {
  readonly region: string;
  /** Undefined if nothing on this machine tells the account. */
  readonly account?: string;
}

type Section = Readonly<Partial<Record<string, string>>>;

const accounts = z.record(z.string(), z.object({ accountId: z.string() }));

/**
 * Finds the default region and account as the CDK's command line does, but offline. The CDK asks AWS for the account of
 * the credentials and keeps the answer; this reads what it kept, and what the profile says about its account.
 */
export async function appPlace(env: NodeJS.ProcessEnv): Promise<AppPlace> {
  const { AWS_SHARED_CREDENTIALS_FILE: filepath, AWS_CONFIG_FILE: configFilepath } = env;
  const files = await loadSharedConfigFiles({
    ...(filepath && { filepath }),
    ...(configFilepath && { configFilepath }),
    ignoreCache: true,
  });
  const named = env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE;
  const sections = (name: string): Section[] => [files.credentialsFile[name] ?? {}, files.configFile[name] ?? {}];
  const ofProfile = sections(named ?? 'default');
  const regions = [...ofProfile, ...sections('default')].map(({ region }) => region);
  const account = await accountOf(env, named, Object.assign({}, ...ofProfile.toReversed()));
  return {
    region:
      env.AWS_REGION ||
      env.AMAZON_REGION ||
      env.AWS_DEFAULT_REGION ||
      env.AMAZON_DEFAULT_REGION ||
      (regions.find((region) => region !== undefined) ?? LOCAL_REGION),
    ...(account !== undefined && { account }),
  };
}

async function accountOf(
  env: NodeJS.ProcessEnv,
  named: string | undefined,
  profile: Section,
): Promise<string | undefined> {
  // A profile that is named comes before the credentials of the environment.
  const isOfEnvironment = named === undefined && env.AWS_ACCESS_KEY_ID !== undefined;
  const key = isOfEnvironment ? env.AWS_ACCESS_KEY_ID : profile.aws_access_key_id;
  const [kept, ofRole] = [await keptAccounts(env), /^arn:[^:]*:iam::(\d{12}):/.exec(profile.role_arn ?? '')?.[1]];
  const ofKey = key === undefined ? undefined : kept[key]?.accountId;
  if (isOfEnvironment) return ofKey ?? env.AWS_ACCOUNT_ID;
  return ofRole ?? ofKey ?? profile.aws_account_id ?? profile.sso_account_id;
}

/** The accounts of access keys that the CDK's command line has asked AWS for. */
async function keptAccounts(env: NodeJS.ProcessEnv): Promise<z.infer<typeof accounts>> {
  const file = join(env.CDK_HOME ?? join(homedir(), '.cdk'), 'cache', 'accounts_partitions.json');
  try {
    return accounts.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // The CDK hasn't asked yet, or keeps its answers in another way.
    return {};
  }
}
