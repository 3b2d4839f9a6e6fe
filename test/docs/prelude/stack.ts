import { Annotations, type Stack } from 'aws-cdk-lib';
import { EntityOwner, type LocalCache, PipelineMonitoring } from 'freshet-aws/cdk';
import geography from './geography.ts';

declare const stack: Stack;
declare const owner: EntityOwner;
declare const cache: LocalCache;
