import { join } from 'node:path';
import { AssetHashType, DockerImage, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { buildSync } from 'esbuild';
import { ROOT } from '../support/assembly.ts';

/** The entry modules in functions/, without the file extension. */
export type Entry = 'api' | 'notifier' | 'listener' | 'page';

/** The time-out of all these functions. */
export const FUNCTION_TIMEOUT = Duration.seconds(6);

/** A function with the memory and bundling of the pipeline's own functions. Its role may only write its log. */
export function serviceFunction(
  scope: Construct,
  id: string,
  { entry, contracts, environment }: { entry: Entry; contracts: string; environment: Record<string, string> },
): LambdaFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, { removalPolicy: RemovalPolicy.DESTROY });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  return new LambdaFunction(scope, id, {
    role,
    logGroup,
    environment,
    handler: 'index.handler',
    memorySize: 512,
    timeout: FUNCTION_TIMEOUT,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    code: Code.fromAsset(join(ROOT, 'bench', 'compare'), {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        image: DockerImage.fromRegistry('dummy'),
        command: [entry],
        local: {
          tryBundle(outputFolder) {
            bundle(entry, contracts, outputFolder);
            return true;
          },
        },
      },
    }),
  });
}

function bundle(entry: Entry, contracts: string, outputFolder: string): void {
  buildSync({
    entryPoints: [join(ROOT, 'bench', 'compare', 'functions', `${entry}.ts`)],
    outfile: join(outputFolder, 'index.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    alias: { '#contracts': contracts },
    logLevel: 'warning',
  });
}
