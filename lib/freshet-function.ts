import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import { type BundledFunctionProps, bundledFunction, root } from './bundled-function.ts';
import { contractsFile } from './contracts-module.ts';

/** The sources are TypeScript in a clone and JavaScript in the package, as this file is. */
const extension = extname(fileURLToPath(import.meta.url));

/** Props of a function of the pipeline. */
export interface FreshetFunctionProps extends Omit<BundledFunctionProps, 'file' | 'alias'> {
  /** The file in `lambdas/`, without its extension. */
  readonly entry:
    | 'relay'
    | 'projector'
    | 'cache-repair'
    | 'owner-repair'
    | 'cache-report'
    | 'owner-govern'
    | 'fact-relay'
    | 'saga'
    | 'saga-deadlines';
  /** The boundary whose contracts the function is bundled with, or the saga. */
  readonly boundary: Pick<Boundary, 'module' | 'name'>;
}

/** One of the pipeline's Lambdas, bundled with the boundary's contracts. */
export function freshetFunction(scope: Construct, id: string, props: FreshetFunctionProps): LambdaFunction {
  const { entry, boundary, ...rest } = props;
  const contracts = contractsFile(boundary);
  return bundledFunction(scope, id, {
    ...rest,
    file: join(root, 'lambdas', `${entry}${extension}`),
    // The contracts import the package by its name. If theirs is another copy, the bundle still holds this one alone.
    alias: { '#contracts': contracts, '#saga': contracts, 'freshet-aws': join(root, 'package', `index${extension}`) },
  });
}
