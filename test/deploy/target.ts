/** A place to deploy to: an emulator, another endpoint, or an AWS account. */
export interface Target {
  /** The name that is printed. */
  readonly name: string;
  /** The environment variables with which the CDK, the SDK and the suite reach the target. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the target ends with this run. An interrupted run then doesn't have to destroy its stacks. */
  readonly isThrowaway: boolean;
  /** The file with the target's output. Left out if this run didn't start the target. */
  readonly log?: string;
  stop(): Promise<void>;
}

/** The reason why a target isn't available on this machine. If no target is available, the suite is skipped. */
export class Unavailable extends Error {}

/** A region and credentials that every emulator accepts. The SDK doesn't look for a profile or a role. */
export const EMULATOR_ENV = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;
