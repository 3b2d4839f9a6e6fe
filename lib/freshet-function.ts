import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Duration } from 'aws-cdk-lib';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** Props of a function of the pipeline. */
export interface FreshetFunctionProps {
  /** The file in `lambdas/`, without its extension. */
  readonly entry: 'relay' | 'projector' | 'cache-repair' | 'owner-repair' | 'cache-report' | 'owner-govern';
  /** The boundary whose contracts the function is bundled with. */
  readonly boundary: Boundary;
  readonly description: string;
  /** Time-out of one invocation. */
  readonly timeout: Duration;
  /** Memory in MiB; CPU grows with it. */
  readonly memorySize: number;
  readonly environment: Record<string, string>;
}

/** One of the pipeline's Lambdas: Node on arm64, bundled with the SDK and the boundary's contracts, logs kept for a month. */
export function freshetFunction(scope: Construct, id: string, props: FreshetFunctionProps): NodejsFunction {
  const { entry, boundary, ...rest } = props;
  // esbuild resolves an alias from its working directory, which is the project's root.
  const contracts = `./${relative(projectRoot, resolve(fileURLToPath(boundary.module))).replaceAll('\\', '/')}`;
  return new NodejsFunction(scope, id, {
    ...rest,
    entry: `${projectRoot}lambdas/${entry}.ts`,
    projectRoot,
    depsLockFilePath: `${projectRoot}package-lock.json`,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    logGroup: new LogGroup(scope, `${id}Logs`, { retention: RetentionDays.ONE_MONTH }),

    bundling: {
      format: OutputFormat.ESM,
      mainFields: ['module', 'main'],
      bundleAwsSDK: true,
      minify: true,
      target: 'node20',
      banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
      esbuildArgs: { '--alias:#contracts': contracts },
    },
  });
}
