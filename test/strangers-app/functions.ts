import { join } from 'node:path';
import { Duration, type Stack } from 'aws-cdk-lib';
import { type IVpc, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { FileSystem } from 'aws-cdk-lib/aws-efs';
import {
  Code,
  DockerImageCode,
  DockerImageFunction,
  FileSystem as FunctionFileSystem,
  LayerVersion,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { echo, FUNCTIONS } from './echo.ts';

/** Functions with layers, dead-letter queues, a VPC, a file system and a destination, and code that isn't an asset. */
export function addFunctions(stack: Stack): void {
  const layers = [new LayerVersion(stack, 'Layer', { code: Code.fromAsset(join(FUNCTIONS, 'layer')) })];
  const vpc = new Vpc(stack, 'Vpc', {
    maxAzs: 2,
    subnetConfiguration: [{ name: 'isolated', subnetType: SubnetType.PRIVATE_ISOLATED }],
  }) as IVpc;
  const fileSystem = new FileSystem(stack, 'Files', { vpc, vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED } });
  const accessPoint = fileSystem.addAccessPoint('Access', { path: '/data' });
  const vpcSubnets = { subnetType: SubnetType.PRIVATE_ISOLATED };
  echo(stack, 'layered', { layers, environment: { PLAIN: 'plain' } });
  echo(stack, 'alsoLayered', { layers });
  echo(stack, 'dead', { deadLetterQueue: new Queue(stack, 'Dead') });
  echo(stack, 'inVpc', {
    vpc,
    vpcSubnets,
    filesystem: FunctionFileSystem.fromEfsAccessPoint(accessPoint, '/mnt/data'),
  });
  echo(stack, 'destined', {
    onFailure: new SqsDestination(new Queue(stack, 'Destination')),
    maxEventAge: Duration.minutes(5),
  });
  new DockerImageFunction(stack, 'Image', {
    code: DockerImageCode.fromEcr(Repository.fromRepositoryName(stack, 'Repository', 'orders')),
  });
  echo(stack, 'fromBucket', { code: Code.fromBucketV2(Bucket.fromBucketName(stack, 'Code', 'code'), 'orders.zip') });
}
