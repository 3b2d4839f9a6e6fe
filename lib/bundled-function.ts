import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, type Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { buildSync } from 'esbuild';
import { acknowledge } from './acknowledge.ts';
import { type DataProtectionProps, letLogsUse, logRetention, removalPolicy } from './data-protection.ts';

/** This project's root in a clone, `dist` in the package: the same folders are below both. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const isSource = extname(import.meta.url) === '.ts';

/** What a bundle of ES modules lacks: `require` for packages that are CommonJS, `__filename` for contracts that are. */
const BANNER =
  "import{createRequire}from'node:module';const require=createRequire(import.meta.url),__filename=import.meta.filename;";

/** Props of a function that is bundled here. */
export interface BundledFunctionProps {
  /** Absolute path of the module that exports `handler`. */
  readonly file: string;
  /** What imports of a name are resolved to, absolute paths. @default - none */
  readonly alias?: Readonly<Record<string, string>>;
  readonly description: string;
  /** Time-out of one invocation. */
  readonly timeout: Duration;
  /** Memory in MiB; CPU grows with it. */
  readonly memorySize: number;
  readonly environment: Record<string, string>;
  /** How its logs are kept. */
  readonly protection: DataProtectionProps;
}

/**
 * A Lambda: Node on arm64, bundled with the SDK and all that it imports, traced by X-Ray. Its role lets it write its own log and nothing else
 * until more is granted.
 */
export function bundledFunction(scope: Construct, id: string, props: BundledFunctionProps): LambdaFunction {
  const { file, alias = {}, protection, ...rest } = props;
  const logGroup = functionLog(scope, `${id}Logs`, protection);
  // The role that the CDK would make may write every log group of the account.
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  const made = new LambdaFunction(scope, id, {
    ...rest,
    role,
    logGroup,
    tracing: Tracing.ACTIVE,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromAsset(root, {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        // Asked for by the CDK, and never started: a bundle that can't be built here can't be built there.
        image: DockerImage.fromRegistry('dummy'),
        // Never run either, but the CDK takes bundles to be the same whose commands are.
        command: [file, ...Object.values(alias)],
        local: {
          tryBundle(outputFolder) {
            bundle(file, alias, outputFolder);
            return true;
          },
        },
      },
    }),
  });
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'xray:PutTraceSegments, xray:PutTelemetryRecords, dynamodb:ListStreams and cloudwatch:GetMetricData know no narrower resource (service authorization reference)',
  );
  for (const action of ['kms:GenerateDataKey*', 'kms:ReEncrypt*']) {
    acknowledge(
      role,
      `IAM5[Action::${action}]`,
      "the CDK's grants of a topic's or destination's key, of that key alone",
    );
  }
  return made;
}

function functionLog(scope: Construct, id: string, protection: DataProtectionProps): LogGroup {
  const { encryptionKey } = protection;
  if (encryptionKey) letLogsUse(encryptionKey, scope);
  return new LogGroup(scope, id, {
    retention: logRetention(protection),
    removalPolicy: removalPolicy(protection),
    ...(encryptionKey && { encryptionKey }),
  });
}

/**
 * Not by `NodejsFunction`: that takes entries below one project root with one lock file, and starts esbuild by the project's package
 * manager. Here the entry lies in a package, the contracts in an app around it, and neither root nor lock file is ours to know.
 */
function bundle(file: string, alias: Readonly<Record<string, string>>, outputFolder: string): void {
  buildSync({
    entryPoints: [file],
    outfile: join(outputFolder, 'index.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // From a clone, contracts find the sources of this package, as their app does.
    ...(isSource && { conditions: ['freshet-source', 'module'] }),
    mainFields: ['module', 'main'],
    banner: { js: BANNER },
    alias: { ...alias },
    logLevel: 'warning',
  });
}
