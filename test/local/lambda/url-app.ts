import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnUrl, Code, Function as Fn, FunctionUrlAuthType, Runtime } from 'aws-cdk-lib/aws-lambda';
import { temporaryFolder } from '../provision/assembly-fixture.ts';

/** Answers with its event, or with the body of a request in JSON. */
const handler = `
  export const handler = async (event) => {
    if (event.rawPath === '/throw') throw new TypeError('broken');
    if (event.rawPath === '/large') return 'x'.repeat(6 * 1024 * 1024);
    if (event.rawPath === '/hang') return new Promise(() => setInterval(() => {}, 1000));
    return event.rawPath === '/answer' ? JSON.parse(event.body) : event;
  };`;

/**
 * Synthesises an app of functions with URLs. `friend` may call the URL of `Asked`, `half` has only half of the
 * permissions, and `stranger` has none. Everybody may call the URL of `Open`. Nobody may call the URL of `Closed`,
 * because it lacks one permission.
 */
export function assembleUrls(): string {
  const code = temporaryFolder();
  writeFileSync(join(code, 'index.mjs'), handler);
  const app = new App({ outdir: temporaryFolder(), analyticsReporting: false });
  const stack = new Stack(app, 'S');
  const fn = (functionName: string) =>
    new Fn(stack, functionName, {
      functionName,
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromAsset(code),
    });
  const output = (id: string, value: string) => new CfnOutput(stack, id, { value });
  const asked = fn('asked');
  const askedUrl = asked.addFunctionUrl();
  output('Asked', askedUrl.url);
  output('Arn', askedUrl.functionArn);
  output('Open', fn('open').addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url);
  const closed = fn('closed');
  const closedUrl = new CfnUrl(stack, 'ClosedUrl', { targetFunctionArn: closed.functionArn, authType: 'NONE' });
  output('Closed', closedUrl.attrFunctionUrl);
  closed.addPermission('ForAnotherAuthType', {
    principal: new AnyPrincipal(),
    action: 'lambda:InvokeFunctionUrl',
    functionUrlAuthType: FunctionUrlAuthType.AWS_IAM,
  });
  asked.grantInvokeUrl(fn('friend'));
  const half = new PolicyStatement({ actions: ['lambda:InvokeFunctionUrl'], resources: [asked.functionArn] });
  fn('half').addToRolePolicy(half);
  fn('stranger');
  return app.synth().directory;
}
