import type { Stack } from 'aws-cdk-lib';
import { ImportedSource, LocalCache } from 'freshet-aws/cdk';
import ordering from './ordering.ts';

declare const stack: Stack;
declare const topicArn: string;
declare const resyncQueueArn: string;
declare const reportQueueArn: string;
