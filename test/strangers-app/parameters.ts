import { CfnDynamicReference, CfnDynamicReferenceService, CfnOutput, CfnParameter, Fn, type Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { echo } from './echo.ts';

/** Values that only a deployment knows, and intrinsic functions. */
export function addParameters(stack: Stack): void {
  const bucket = new Bucket(stack, 'Bucket');
  const secret = new CfnDynamicReference(CfnDynamicReferenceService.SSM, '/orders/secret:1').toString();
  const plain = new CfnParameter(stack, 'Plain');
  echo(stack, 'told', {
    environment: {
      STORED: StringParameter.valueForStringParameter(stack, '/orders/stored'),
      REFERENCE: secret,
      PLAIN: plain.valueAsString,
      LIST: Fn.join(',', new CfnParameter(stack, 'List', { type: 'List<AWS::EC2::Subnet::Id>' }).valueAsList),
      ZONE: Fn.select(1, Fn.getAzs()),
      BASE64: Fn.base64('hello'),
      CIDR: Fn.select(0, Fn.cidr('10.0.0.0/16', 2, '8')),
      IMPORTED: Fn.importValue('Network:VpcId'),
      TRANSFORMED: Fn.transform('Upper', { InputString: 'x' }).toString(),
      DOMAIN: Fn.select(1, Fn.split('.', bucket.bucketDomainName)),
    },
  });
  const slow = echo(stack, 'slow');
  const seconds = new CfnParameter(stack, 'Seconds', { type: 'Number' });
  slow.node.defaultChild && Object.assign(slow.node.defaultChild, { timeout: seconds.valueAsNumber });
  new CfnOutput(stack, 'Part', { value: Fn.select(3, Fn.split('/', plain.valueAsString)) });
}
