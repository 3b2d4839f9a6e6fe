import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type FunctionProps, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { CODE_ROOT } from './bundle.ts';
import { acknowledgeWildcards, type BundledFunctionProps, bundledProps } from './bundled-function.ts';
import { contractsFile } from './contracts-module.ts';

/** `.ts` in a clone, `.js` in the package: the code of the functions has the same extension as this file. */
const EXTENSION = extname(fileURLToPath(import.meta.url));

/** The files in `lambdas/`, without extension. An app that has one of a line usually has the others of that line. */
const ENTRIES = [
  ['relay', 'owner-repair', 'owner-govern'],
  ['adopt', 'adopt-survey'],
  ['postgres-relay', 'postgres-repair', 'postgres-govern'],
  ['projector', 'cache-repair', 'cache-report'],
  ['saga', 'saga-deadlines'],
  ['fact-relay'],
  ['fact-archive'],
] as const;

/**
 * Parts of the SDK that a function never uses, each with the module that takes its place. The SDK imports them when
 * they are needed, and esbuild then wraps each module that they share with the rest. Without them, a bundle is a
 * quarter smaller and starts in less time (docs/decisions/58-cold-starts.md).
 */
const SDK_PARTS = {
  '@aws-sdk/credential-provider-node': join(CODE_ROOT, 'lambdas', 'sdk', `credentials${EXTENSION}`),
  '@aws-sdk/middleware-endpoint-discovery': join(CODE_ROOT, 'lambdas', 'sdk', `endpoint-discovery${EXTENSION}`),
  '@smithy/core/event-streams': join(CODE_ROOT, 'lambdas', 'sdk', `event-streams${EXTENSION}`),
};

/** Whether a function runs the effects of an app, which may use any part of the SDK. */
function runsAppCode(entry: FreshetFunctionProps['entry']): boolean {
  return entry === 'saga' || entry === 'saga-deadlines';
}

/** Props of a function of the pipeline. */
export interface FreshetFunctionProps extends Omit<BundledFunctionProps, 'file' | 'alias' | 'together' | 'definition'> {
  /** The file in `lambdas/`, without its extension. */
  readonly entry: (typeof ENTRIES)[number][number];
  /** The boundary or saga whose definition is bundled into the function. */
  readonly boundary: Pick<Boundary, 'module' | 'name'>;
  /**
   * The network in which the function runs.
   * @default - no VPC
   */
  readonly network?: FunctionNetwork | undefined;
}

/** The network in which a function runs. */
export type FunctionNetwork = Required<Pick<FunctionProps, 'vpc'>> &
  Pick<FunctionProps, 'vpcSubnets' | 'securityGroups'>;

/** What Lambda needs to connect a function to a VPC (lam/configuration-vpc). Most of it has no narrower resource. */
const NETWORK_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** Creates one of the pipeline's Lambda functions, bundled with the boundary's contracts. */
export function freshetFunction(scope: Construct, id: string, props: FreshetFunctionProps): LambdaFunction {
  const { entry, boundary, environment, network, ...rest } = props;
  const contracts = contractsFile(boundary);
  const { role, ...made } = bundledProps(scope, id, {
    ...rest,
    // The name selects the definition of a module that exports several.
    environment: { ...environment, STACK_NAME: Stack.of(scope).stackName, DEFINITION: boundary.name },
    file: lambdaFile(entry),
    definition: { file: contracts, name: boundary.name },
    together: ENTRIES.filter((entries) => entries.some((other) => other === entry)).flatMap((entries) =>
      entries.map(lambdaFile),
    ),
    alias: {
      '#contracts': contracts,
      '#saga': contracts,
      // The contracts may find another copy of this package by its name. The bundle must contain this copy only.
      // esbuild would apply the first alias to the other names too, so these names need aliases of their own.
      'freshet-aws': join(CODE_ROOT, 'package', `index${EXTENSION}`),
      'freshet-aws/internal': resolve(CODE_ROOT),
      'freshet-aws/cdk': join(CODE_ROOT, 'package', `cdk${EXTENSION}`),
      ...(runsAppCode(entry) ? {} : SDK_PARTS),
    },
  });
  if (network) role.addToPolicy(new PolicyStatement({ actions: NETWORK_ACTIONS, resources: ['*'] }));
  const created = new LambdaFunction(scope, id, { ...made, role, ...network });
  acknowledgeWildcards(role);
  return created;
}

function lambdaFile(entry: string): string {
  return join(CODE_ROOT, 'lambdas', `${entry}${EXTENSION}`);
}
