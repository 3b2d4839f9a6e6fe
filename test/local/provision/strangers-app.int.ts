// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { cacheIn, cloudClient, ownerIn } from '../../../local/deployed.ts';
import { createOwner, createReader } from '../../../package/index.ts';
import geography from '../../consumer-app/geography.ts';
import ordering from '../../consumer-app/ordering.ts';
import { assemblyOf } from '../../support/assembly.ts';

/** An app with resources that the local cloud doesn't know or only knows in part, beside an owner and a cache. */
const APP = 'test/strangers-app/app.ts';

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await startLocalCloud({ assembly: await assemblyOf(APP) });
}, 240_000);
afterAll(() => cloud?.stop());

/** An environment variable of a function of the app. */
async function variable(functionName: string, name: string): Promise<unknown> {
  const result = await cloud.functions.invoke(functionName, { name });
  return result.ok ? result.payload : result;
}

/** Logical id, type and reason of what is left out in a stack. */
function leftOutOf(stack: string): string[] {
  return cloud.leftOut
    .filter(({ path }) => path.startsWith(`${stack}/`))
    .map(({ path, type, reason }) => {
      const what = `${path.slice(stack.length + 1)} ${type}`;
      return reason === undefined ? what : `${what}: ${reason}`;
    });
}

test('an entity that the owner puts is read from the cache', async () => {
  const client = cloudClient(cloud);
  const owner = createOwner({ boundary: geography, client, tableName: ownerIn(cloud, geography).table });
  const reader = createReader({ boundary: ordering, client, tableName: cacheIn(cloud, ordering).table });
  await owner.put('Country', 'DE', { name: 'Germany', region: 'Europe', calling: '+49' });
  await cloud.idle();
  expect(await reader.get('Country', 'DE')).toMatchObject({ status: 'found', version: 1, value: { calling: '+49' } });
  client.destroy();
});

describe('what is left out, with its reason', () => {
  test('nothing of an owner and a cache', () => {
    expect([...leftOutOf('Geography'), ...leftOutOf('Ordering')]).toEqual([]);
  });

  test('statements with unknown conditions and variables, a permissions boundary, a role that is elsewhere', () => {
    expect(leftOutOf('Policies')).toEqual([
      'Worker11F36D0F AWS::IAM::Role: PermissionsBoundary: the boundary is not applied, so the role may do locally what it forbids on AWS',
      'WorkerDefaultPolicyD9676315 AWS::IAM::Policy: Allow ec2:StartInstances grants nothing locally: the condition key aws:ResourceTag/team is not emulated',
      'WorkerDefaultPolicyD9676315 AWS::IAM::Policy: Allow cloudwatch:PutMetricData grants nothing locally: the condition key cloudwatch:namespace is not emulated',
      'WorkerDefaultPolicyD9676315 AWS::IAM::Policy: Allow ses:SendEmail grants nothing locally: the condition key ses:FromAddress is not emulated',
      'WorkerDefaultPolicyD9676315 AWS::IAM::Policy: Allow s3:PutObject grants nothing locally: the condition operator NumericLessThanEquals is not emulated',
      'WorkerDefaultPolicyD9676315 AWS::IAM::Policy: Allow s3:GetObject grants nothing locally: policy variables are not emulated. Given: arn:aws:s3:::files/${aws:PrincipalTag/team}/*',
      'WorkerDefaultPolicyD9676315 AWS::IAM::Policy: Deny s3:DeleteObject forbids nothing locally: the condition key aws:PrincipalOrgID is not emulated',
      'importedD82B7ECC AWS::Lambda::Function: its role arn:aws:iam::111111111111:role/elsewhere is not part of the app, so its permissions are unknown',
      'InboxPolicy63A7501F AWS::SQS::QueuePolicy: Allow sqs:SendMessage grants nothing locally: the condition key aws:PrincipalOrgID is not emulated',
    ]);
  });

  test('mappings with a filter, a window or a destination, and of sources and functions that are elsewhere', () => {
    expect(leftOutOf('Mappings')).toEqual([
      'filteredSqsEventSourceMappingsQueue1E74C513BCC3D26D AWS::Lambda::EventSourceMapping: FilterCriteria is not emulated, so the function gets no records',
      'windowedDynamoDBEventSourceMappingsTable48FB70C08959C64C AWS::Lambda::EventSourceMapping: TumblingWindowInSeconds is not emulated, so the function gets no records',
      'failingDynamoDBEventSourceMappingsTable48FB70C0802FA7EC AWS::Lambda::EventSourceMapping: the on-failure destination arn:aws:sns:us-east-1:000000000000:Mappings-Failures8A3E1A2F is not a queue of the app',
      'Stream790BDEE4 AWS::Kinesis::Stream',
      'kinesisKinesisEventSourceMappingsStream4CF1CD1375BCCDC6 AWS::Lambda::EventSourceMapping: Stream790BDEE4 is left out',
      'KafkaSecret78EF3770 AWS::SecretsManager::Secret',
      'kafkaKafkaEventSourcedc2701e06d3339f641e4bf374fb8f609ordersEEB53A53 AWS::Lambda::EventSourceMapping: SelfManagedEventSource is not emulated, so the function gets no records',
      'outsideSqsEventSourceMappingsElsewhere66A7FC4CC8353A5A AWS::Lambda::EventSourceMapping: the queue arn:aws:sqs:us-east-1:111111111111:elsewhere is not part of the app',
      'OfNoFunction AWS::Lambda::EventSourceMapping: the function elsewhere is not part of the app',
    ]);
  });

  test('subscriptions that filter the body, and properties of topics and tables', () => {
    expect(leftOutOf('Messages')).toEqual([
      'TopicBFC7AF6E AWS::SNS::Topic: DeliveryStatusLogging: no deliveries are logged',
      'TopicBFC7AF6E AWS::SNS::Topic: TracingConfig: no traces are recorded',
      'TopicopsexamplecomA7AF42F2 AWS::SNS::Subscription: only queues subscribe to topics locally, not the protocol email',
      'ByBodyMessagesTopic7F7149CD43BA2876 AWS::SNS::Subscription: FilterPolicyScope: only MessageAttributes is emulated',
      'FromElsewhereMessagesElsewhereAB254DB0951DE776 AWS::SNS::Subscription: the topic arn:aws:sns:us-east-1:111111111111:elsewhere is not part of the app',
      'Stream790BDEE4 AWS::Kinesis::Stream',
      'TableCD117FA1 AWS::DynamoDB::Table: ContributorInsightsSpecification: no contributors are counted',
      'TableCD117FA1 AWS::DynamoDB::Table: ImportSourceSpecification: nothing is imported, so the table starts empty',
      'TableCD117FA1 AWS::DynamoDB::Table: KinesisStreamSpecification: changes are not sent to the Kinesis stream',
      'TableCD117FA1 AWS::DynamoDB::Table: ResourcePolicy: it grants and forbids nothing locally. Grant the permissions to roles instead',
    ]);
  });

  test('layers, dead-letter queues, VPCs, file systems and destinations of functions, and images', () => {
    expect(leftOutOf('Functions')).toEqual([
      'LayerB20D2F06 AWS::Lambda::LayerVersion',
      'Vpc8378EB38 AWS::EC2::VPC',
      'VpcisolatedSubnet1SubnetE62B1B9B AWS::EC2::Subnet',
      'VpcisolatedSubnet1RouteTableE442650B AWS::EC2::RouteTable',
      'VpcisolatedSubnet1RouteTableAssociationD259E31A AWS::EC2::SubnetRouteTableAssociation',
      'VpcisolatedSubnet2Subnet39217055 AWS::EC2::Subnet',
      'VpcisolatedSubnet2RouteTable334F9764 AWS::EC2::RouteTable',
      'VpcisolatedSubnet2RouteTableAssociation25A4716F AWS::EC2::SubnetRouteTableAssociation',
      'Files8E6940B8 AWS::EFS::FileSystem',
      'FilesEfsSecurityGroup332450AB AWS::EC2::SecurityGroup',
      'FilesEfsSecurityGroupfromFunctionsinVpcSecurityGroup0A89E6FC20497C348EC5 AWS::EC2::SecurityGroupIngress',
      'FilesEfsMountTarget1AB817C34 AWS::EFS::MountTarget',
      'FilesEfsMountTarget22C8423FA AWS::EFS::MountTarget',
      'FilesAccess0D5BF4BB AWS::EFS::AccessPoint',
      'layeredF4E4C098 AWS::Lambda::Function: Layers: the function runs without its layers',
      'alsoLayered81B1EA16 AWS::Lambda::Function: Layers: the function runs without its layers',
      'dead9A6F9BCE AWS::Lambda::Function: DeadLetterConfig: events that use up their retries are not sent to it',
      'inVpcServiceRoleDefaultPolicy898115CE AWS::IAM::Policy: Allow elasticfilesystem:ClientMount grants nothing locally: the condition key elasticfilesystem:AccessPointArn is not emulated',
      'inVpcSecurityGroupBDF49B8E AWS::EC2::SecurityGroup',
      'inVpcC4206CE6 AWS::Lambda::Function: FileSystemConfigs: the function runs without its file systems',
      'inVpcC4206CE6 AWS::Lambda::Function: VpcConfig: the function runs outside of the VPC',
      'destinedEventInvokeConfig6D748098 AWS::Lambda::EventInvokeConfig: DestinationConfig: the results of asynchronous invocations are not sent to a destination',
      'Image9D742C96 AWS::Lambda::Function: only code in an asset runs locally, not inline code or an image',
      'fromBucket6ED422BD AWS::Lambda::Function: its code orders.zip is not a folder among the assets of the app',
    ]);
  });

  test('parameters without a value, dynamic references and intrinsic functions', () => {
    expect(leftOutOf('Parameters')).toEqual([
      'Bucket83908E77 AWS::S3::Bucket',
      'SsmParameterValueordersstoredC96584B6F00A464EAD1953AFF4B05118Parameter Parameter: the SSM parameter /orders/stored is not read, so Parameters-SsmParameterValueordersstoredC96584B6F00A464EAD1953AFF4B05118Parameter stands in',
      'toldFFC94616 AWS::Lambda::Function: {{resolve:ssm:/orders/secret:1}} is not resolved locally, and stays as it is',
      'Plain Parameter: the parameter has no default, so Parameters-Plain stands in',
      'List Parameter: the parameter has no default, so Parameters-List stands in',
      'toldFFC94616 AWS::Lambda::Function: Fn::Cidr is not emulated, so Fn::Cidr stands in',
      'toldFFC94616 AWS::Lambda::Function: no earlier stack exports Network:VpcId, so Network:VpcId stands in',
      'toldFFC94616 AWS::Lambda::Function: Fn::Transform is not emulated, so Fn::Transform stands in',
      'Seconds Parameter: the parameter has no default, so Parameters-Seconds stands in',
      'slowE085A4BB AWS::Lambda::Function: Properties.Timeout is "Parameters-Seconds". Allowed: a number. Parameters-Seconds is a placeholder',
    ]);
  });
});

describe('the functions of the app', () => {
  test('a function sees the values that are known, and placeholders for the others', async () => {
    const names = [
      'STORED',
      'REFERENCE',
      'PLAIN',
      'LIST',
      'ZONE',
      'BASE64',
      'CIDR',
      'IMPORTED',
      'TRANSFORMED',
      'DOMAIN',
    ];
    const seen = await Promise.all(names.map(async (name) => [name, await variable('told', name)]));
    expect(Object.fromEntries(seen)).toEqual({
      STORED: expect.stringMatching(/^Parameters-SsmParameterValueordersstored/),
      REFERENCE: '{{resolve:ssm:/orders/secret:1}}',
      PLAIN: 'Parameters-Plain',
      LIST: 'Parameters-List',
      ZONE: 'us-east-1b',
      BASE64: 'aGVsbG8=',
      CIDR: 'Fn::Cidr',
      IMPORTED: 'Network:VpcId',
      TRANSFORMED: 'Fn::Transform',
      DOMAIN: expect.stringContaining('Parameters-Bucket'),
    });
    expect(cloud.outputs.Parameters?.Part).toBe('Parameters-Plain');
  });

  test('a function runs without its layers, its file system and its VPC, and with a role that is read in part', async () => {
    expect(await variable('layered', 'PLAIN')).toBe('plain');
    expect(await variable('inVpc', 'PLAIN')).toBe('none');
    expect(await variable('worker', 'PLAIN')).toBe('none');
  });

  test('a mapping without unknown parts delivers, and the others of the queue take nothing', async () => {
    const [queue] = cloud.messaging.queues.list().filter(({ name }) => name.startsWith('Mappings-Queue'));
    queue?.send({ body: 'x' });
    await cloud.idle();
    const invoked = cloud.functions.functions().filter(({ invocations }) => invocations > 0);
    expect(invoked.map(({ name }) => name)).toContain('plain');
    expect(invoked.map(({ name }) => name)).not.toContain('filtered');
  });

  test('a subscription that filters the body gets nothing, and the other one of the topic gets the message', () => {
    const named = (start: string) => cloud.messaging.queues.list().find(({ name }) => name.startsWith(start));
    const topic = cloud.messaging.topics.list().find(({ name }) => name.startsWith('Messages-Topic'));
    topic?.publish({ message: 'x' });
    expect(named('Messages-All')?.counts()).toMatchObject({ visible: 1 });
    expect(named('Messages-ByBody')?.counts()).toMatchObject({ visible: 0 });
  });
});
