/** An endpoint that speaks AWS's protocols, to deploy to. */
export interface Target {
  /** As it is printed. */
  readonly name: string;
  /** What CDK, SDK and suite need in their environment to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** It goes with this run, so what an interrupted run leaves there needs no clearing away. */
  readonly isThrowaway: boolean;
  /** File with its output; undefined if there is none here. */
  readonly log?: string;
  stop(): Promise<void>;
}

/** Why a target can't be had on this machine: no failure, and no pass either. */
export class Unavailable extends Error {}

/** What every emulator takes: any credentials of this form, in one region. Nobody's profile or role is looked for. */
export const EMULATOR_ENV = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
} as const;
