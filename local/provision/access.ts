import * as z from 'zod/mini';
import { managedPolicy } from '../iam/managed-policies.ts';
import { inRegion } from '../iam/needs/dynamodb.ts';
import { readPolicy, type Statement } from '../iam/statement.ts';
import { physicalName, type ResourceHandler, type ResourceRequest } from './resource.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LONGEST_ROLE_NAME = 64;

const roleProperties = z.strictObject({
  RoleName: z.optional(z.string()),
  Path: z._default(z.string(), '/'),
  AssumeRolePolicyDocument: z.unknown(),
  ManagedPolicyArns: z._default(z.array(z.string()), []),
  Policies: z._default(z.array(z.object({ PolicyDocument: z.unknown() })), []),
  Description: z.optional(z.unknown()),
  MaxSessionDuration: z.optional(z.unknown()),
  Tags: z.optional(z.unknown()),
});

/** Creates a role with its trust policy, its inline policies and AWS's managed policies. */
export const createRole: ResourceHandler = (request) => {
  const given = roleProperties.parse(request.properties);
  const { access, accountId } = request.target;
  const name = given.RoleName ?? physicalName(request, LONGEST_ROLE_NAME);
  const arn = `arn:aws:iam::${accountId}:role${given.Path}${name}`;
  access.addRole(arn);
  access.protect(arn, statements(request, given.AssumeRolePolicyDocument, 'AssumeRolePolicyDocument'));
  const leftOut: string[] = [];
  for (const managed of given.ManagedPolicyArns) {
    const document = managedPolicy(managed);
    if (document === undefined) leftOut.push(`managed policy ${managed}, which grants nothing locally`);
    else access.grant(arn, statements(request, document, managed.slice(managed.lastIndexOf('/') + 1)));
  }
  for (const { PolicyDocument } of given.Policies) access.grant(arn, statements(request, PolicyDocument));
  return { ref: name, attributes: { Arn: arn, RoleId: `AROA-${name}` }, leftOut };
};

const policyProperties = z.object({
  PolicyName: z.optional(z.string()),
  ManagedPolicyName: z.optional(z.string()),
  PolicyDocument: z.unknown(),
  RoleName: z.optional(z.string()),
  Roles: z._default(z.array(z.string()), []),
});

/** Adds a policy to roles. Users and groups are not emulated. */
export const createPolicy: ResourceHandler = (request) => {
  const given = policyProperties.parse(request.properties);
  const { access, accountId } = request.target;
  const added = statements(request, given.PolicyDocument);
  const roles = given.RoleName === undefined ? given.Roles : [given.RoleName];
  for (const name of roles) access.grant(roleNamed(request, name), added);
  const name = given.ManagedPolicyName ?? given.PolicyName ?? physicalName(request, LONGEST_ROLE_NAME);
  const arn = `arn:aws:iam::${accountId}:policy/${name}`;
  const isManaged = request.resource.Type === 'AWS::IAM::ManagedPolicy';
  return { ref: isManaged ? arn : name, attributes: { Id: name, PolicyArn: arn } };
};

/** Finds a role by name, because policies name roles without their paths. */
function roleNamed({ target }: ResourceRequest, name: string): string {
  const found = [...target.access.policies.ofRoles.keys()].find((arn) => arn.endsWith(`/${name}`));
  if (found === undefined) throw new Error(`the role ${name} is not part of the assembly`);
  return found;
}

const queuePolicy = z.object({ PolicyDocument: z.unknown(), Queues: z.array(z.string()) });

/** Adds a policy to queues. */
export const createQueuePolicy: ResourceHandler = (request) => {
  const { PolicyDocument, Queues } = queuePolicy.parse(request.properties);
  const { access, messaging } = request.target;
  for (const url of Queues) access.protect(messaging.queues.require(url).arn, statements(request, PolicyDocument));
  return { ref: physicalName(request, LONGEST_ROLE_NAME), attributes: {} };
};

const topicPolicy = z.object({ PolicyDocument: z.unknown(), Topics: z.array(z.string()) });

/** Adds a policy to topics. */
export const createTopicPolicy: ResourceHandler = (request) => {
  const { PolicyDocument, Topics } = topicPolicy.parse(request.properties);
  for (const arn of Topics) request.target.access.protect(arn, statements(request, PolicyDocument));
  return { ref: physicalName(request, LONGEST_ROLE_NAME), attributes: {} };
};

const permissionProperties = z.strictObject({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.optional(z.string()),
  SourceAccount: z.optional(z.string()),
  FunctionUrlAuthType: z.optional(z.enum(['AWS_IAM', 'NONE'])),
  InvokedViaFunctionUrl: z.optional(z.union([z.boolean(), z.stringbool()])),
});

/** Adds a statement to a function's policy, in Lambda's form (lambda/latest/api/API_AddPermission). */
export const createPermission: ResourceHandler = (request) => {
  const given = permissionProperties.parse(request.properties);
  const { region, accountId, access } = request.target;
  const name = given.FunctionName.slice(given.FunctionName.lastIndexOf(':') + 1);
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  const isService = given.Principal.endsWith('.amazonaws.com');
  const { SourceArn, SourceAccount, FunctionUrlAuthType, InvokedViaFunctionUrl } = given;
  const equal = {
    ...(SourceAccount !== undefined && { 'aws:SourceAccount': SourceAccount }),
    ...(FunctionUrlAuthType !== undefined && { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType }),
  };
  const Condition = {
    ...(SourceArn !== undefined && { ArnLike: { 'aws:SourceArn': SourceArn } }),
    ...(Object.keys(equal).length > 0 && { StringEquals: equal }),
    ...(InvokedViaFunctionUrl && { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }),
  };
  const Principal = isService ? { Service: given.Principal } : { AWS: given.Principal };
  const Statement = { Effect: 'Allow', Principal, Action: given.Action, Resource: arn, Condition };
  access.protect(arn, statements(request, { Statement }));
  return {
    ref: physicalName(request, LONGEST_ROLE_NAME),
    attributes: { Id: physicalName(request, LONGEST_ROLE_NAME) },
  };
};

/** The statements of a policy document. The engine's ARNs of tables are converted to AWS's form. */
function statements(request: ResourceRequest, document: unknown, part?: string): Statement[] {
  const { stack, logicalId, target } = request;
  const source = [stack.name, logicalId, ...(part === undefined ? [] : [part])].join('/');
  const onAws: unknown = JSON.parse(inRegion(JSON.stringify(document ?? null), target.region));
  return readPolicy(onAws, source);
}
