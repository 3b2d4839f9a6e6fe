import { Duration } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { acknowledgeWildcards, bundledProps } from './bundled-function.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { functionFile } from './function-file.ts';

/** Props of `ServiceFunction`. `stage`, `encryptionKey` and `logRetention` apply to the function's log group. */
export interface ServiceFunctionProps extends DataProtectionProps {
  /**
   * The module that exports `handler`, TypeScript or JavaScript, as a URL or an absolute path:
   * `new URL('./functions/name.ts', import.meta.url)`, or `join(__dirname, 'functions', 'name.ts')` in a CommonJS
   * module. If an app was compiled, a `.ts` file stands for the `.js` file that was made from it.
   */
  readonly file: string | URL;
  /**
   * What the function does, as the Lambda console shows it: at most 256 characters.
   * @default - none
   */
  readonly description?: string;
  /**
   * Timeout of one invocation, 1 second to 15 minutes. If the function handles the facts of a `FactQueue`, pass the
   * same value there as `functionTimeout`.
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;
  /**
   * Memory in MiB, 128 to 10,240. Lambda allocates CPU in proportion to it.
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * Environment variables of the function. `EntityOwner.grantWrite`, `LocalCache.grantRead` and `FactTopic.grantCommit`
   * add those that `ownerFromEnvironment`, `readerFromEnvironment` and `factsFromEnvironment` read.
   * @default - none
   */
  readonly environment?: Record<string, string>;
}

const DEFAULT_TIMEOUT = Duration.seconds(10);
const DEFAULT_MEMORY = 512;

/**
 * A Lambda function of a service: Node.js 24 on arm64, bundled by esbuild with everything that it imports, and traced
 * by X-Ray. Its role allows the function to write to its own log group and to X-Ray. Grant everything else, for
 * instance with `LocalCache.grantRead`.
 *
 * The scope also gets the function's role, `<id>Role`, and its log group, `<id>Logs`.
 *
 * @throws Error if `file` isn't an absolute path of a file, if `stage` is unknown or `encryptionKey` is an alias; when
 *   the app is synthesised, also if `esbuild` or `@aws-sdk/client-cloudwatch` isn't installed, if esbuild can't bundle
 *   the module, or if the bundle would fail on Lambda: it loads a module whose name is only known at run time, contains
 *   the CDK, or reads files beside its modules
 */
export class ServiceFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const { file, timeout = DEFAULT_TIMEOUT, memorySize = DEFAULT_MEMORY } = props;
    const { role, ...made } = bundledProps(scope, id, { ...props, file: functionFile(file), timeout, memorySize });
    super(scope, id, { ...made, role });
    acknowledgeWildcards(role);
  }
}
