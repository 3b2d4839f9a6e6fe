import { Annotations, AssetHashType, DockerImage, type Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, type FunctionProps, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct, IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { type Bundles, bundle, CODE_ROOT, noBundles } from './bundle.ts';
import {
  type DataProtectionProps,
  dataProtection,
  letLogsUse,
  logRetention,
  removalPolicy,
} from './data-protection.ts';
import type { Definition } from './load-definition.ts';

/** What a bundled function is made from. `stage`, `encryptionKey` and `logRetention` apply to its log group. */
export interface BundledFunctionProps extends DataProtectionProps {
  /** Absolute path of the module that exports `handler`, TypeScript or JavaScript. */
  readonly file: string;
  /**
   * What the function does, as the Lambda console shows it: at most 256 characters.
   * @default - none
   */
  readonly description?: string;
  /** Timeout of one invocation, 1 second to 15 minutes. */
  readonly timeout: Duration;
  /** Memory in MiB, 128 to 10,240. */
  readonly memorySize: number;
  /**
   * Environment variables of the function.
   * @default - none
   */
  readonly environment?: Record<string, string>;
  /**
   * Import names that the bundle resolves to other modules, each with the module's absolute path.
   * @default - none
   */
  readonly alias?: Readonly<Record<string, string>>;
  /**
   * Absolute paths of modules that other functions of the app bundle with the same `alias`. One run of esbuild bundles
   * them all, which takes less time.
   * @default - the function's module is bundled alone
   */
  readonly together?: readonly string[];
  /**
   * The boundary or saga that the module imports. It is loaded once as Lambda does, and an error fails the synthesis.
   * @default - none
   */
  readonly definition?: Definition;
}

/** The bundles of each app. An app keeps them only while it is synthesised, so that no change of a module is missed. */
const BUNDLES = new WeakMap<IConstruct, Bundles>();

/**
 * The props of a Lambda function whose module is bundled when the app is synthesised. The scope gets the function's
 * role and log group. Call `acknowledgeWildcards` with the role once the function exists.
 */
export function bundledProps(
  scope: Construct,
  id: string,
  props: BundledFunctionProps,
): FunctionProps & { role: Role } {
  const { file, alias = {}, together = [], definition, description, timeout, memorySize, environment = {} } = props;
  const logGroup = functionLog(scope, `${id}Logs`, dataProtection(props));
  // The role that the CDK would create may write to every log group of the account.
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  return {
    ...(description !== undefined && { description }),
    timeout,
    memorySize,
    environment,
    role,
    logGroup,
    tracing: Tracing.ACTIVE,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: 'index.handler',
    code: Code.fromAsset(CODE_ROOT, {
      assetHashType: AssetHashType.OUTPUT,
      bundling: {
        // The CDK requires an image, which never runs: a bundle that fails here would fail in a container too.
        image: DockerImage.fromRegistry('dummy'),
        // The command never runs either. The CDK reuses a bundle for another asset with the same command.
        command: [file, ...Object.values(alias)],
        local: {
          tryBundle(outputFolder) {
            bundle(
              { file, alias, together, ...(definition && { definition }) },
              outputFolder,
              bundlesOf(scope.node.root),
              {
                warn: (name, message) => Annotations.of(scope).addWarningV2(`freshet-aws:${name}`, message),
                later: (problem) => scope.node.addValidation({ validate: () => [problem() ?? []].flat() }),
              },
            );
            return true;
          },
        },
      },
    }),
  };
}

function bundlesOf(app: IConstruct): Bundles {
  const bundles = BUNDLES.get(app) ?? noBundles();
  BUNDLES.set(app, bundles);
  return bundles;
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

/** Acknowledges what cdk-nag finds in the policy of a bundled function. */
export function acknowledgeWildcards(role: Role): void {
  acknowledge(
    role,
    'IAM5[Resource::*]',
    'xray:PutTraceSegments, xray:PutTelemetryRecords, dynamodb:ListStreams and cloudwatch:GetMetricData accept no ' +
      'narrower resource (service authorization reference)',
  );
  for (const action of ['kms:GenerateDataKey*', 'kms:ReEncrypt*']) {
    acknowledge(
      role,
      `IAM5[Action::${action}]`,
      "the CDK grants these actions on the topic's or destination's key only",
    );
  }
}
