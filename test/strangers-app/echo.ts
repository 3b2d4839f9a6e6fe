import { join } from 'node:path';
import { Code, type FunctionProps, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** The folder of the app's code. */
export const FUNCTIONS = join(import.meta.dirname, 'functions');

/** A function that answers with one of its environment variables. */
export function echo(scope: Construct, name: string, more: Partial<FunctionProps> = {}): LambdaFunction {
  return new LambdaFunction(scope, name, {
    functionName: name,
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromAsset(join(FUNCTIONS, 'echo')),
    ...more,
  });
}
