import type { Stack } from 'aws-cdk-lib';
import type { Adoption, Boundary } from 'freshet-aws';

declare const stack: Stack;
declare const catalogue: Boundary;

