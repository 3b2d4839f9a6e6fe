import type { IGrantable } from 'aws-cdk-lib/aws-iam';

/** A function whose environment can be changed: every function that an app creates, and none that it imports. */
interface WithEnvironment extends IGrantable {
  addEnvironment(name: string, value: string): unknown;
}

function hasEnvironment(grantee: IGrantable): grantee is WithEnvironment {
  return 'addEnvironment' in grantee && typeof grantee.addEnvironment === 'function';
}

/** Sets environment variables of a grantee that is a function of the app. Other grantees, such as roles, have none. */
export function setEnvironment(grantee: IGrantable, variables: Readonly<Record<string, string>>): void {
  if (!hasEnvironment(grantee)) return;
  for (const [name, value] of Object.entries(variables)) grantee.addEnvironment(name, value);
}
