import * as z from 'zod/mini';
import { managedPolicy } from '../iam/managed-policies.ts';
import { inRegion } from '../iam/needs/dynamodb.ts';
import { type ReadPolicy, readPolicy } from '../iam/statement.ts';
import { NotEmulated } from '../not-emulated.ts';
import { readProperties, type Unread } from './left-out.ts';
import { physicalName, type ResourceHandler, type ResourceRequest } from './resource.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LONGEST_ROLE_NAME = 64;

const roleProperties = z.object({
  RoleName: z.optional(z.string()),
  Path: z._default(z.string(), '/'),
  AssumeRolePolicyDocument: z.unknown(),
  ManagedPolicyArns: z._default(z.array(z.string()), []),
  Policies: z._default(z.array(z.object({ PolicyDocument: z.unknown() })), []),
});

const UNREAD_OF_ROLE: Unread = {
  noEffect: ['Description', 'MaxSessionDuration'],
  meanings: { PermissionsBoundary: 'the boundary is not applied, so the role may do locally what it forbids on AWS' },
};

/** Creates a role with its trust policy, its inline policies and AWS's managed policies. */
export const createRole: ResourceHandler = (request) => {
  const { given, leftOut } = readProperties(roleProperties, request.properties, UNREAD_OF_ROLE);
  const { access, accountId } = request.target;
  const name = given.RoleName ?? physicalName(request, LONGEST_ROLE_NAME);
  const arn = `arn:aws:iam::${accountId}:role${given.Path}${name}`;
  access.addRole(arn);
  const trust = policyOf(request, given.AssumeRolePolicyDocument, 'AssumeRolePolicyDocument');
  access.protect(arn, trust.statements);
  const ofPolicies = [...trust.leftOut];
  for (const managed of given.ManagedPolicyArns) {
    const document = managedPolicy(managed);
    if (document === undefined) ofPolicies.push(`managed policy ${managed}, which grants nothing locally`);
    else access.grant(arn, policyOf(request, document, managed.slice(managed.lastIndexOf('/') + 1)).statements);
  }
  for (const { PolicyDocument } of given.Policies) {
    const inline = policyOf(request, PolicyDocument);
    access.grant(arn, inline.statements);
    ofPolicies.push(...inline.leftOut);
  }
  if (ofPolicies.length > 0) access.noteLeftOut(arn);
  return { ref: name, attributes: { Arn: arn, RoleId: `AROA-${name}` }, leftOut: [...leftOut, ...ofPolicies] };
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
  const { statements, leftOut } = policyOf(request, given.PolicyDocument);
  const roles = given.RoleName === undefined ? given.Roles : [given.RoleName];
  for (const role of roles) {
    const roleArn = roleNamed(request, role);
    if (roleArn !== undefined) access.grant(roleArn, statements);
    if (roleArn !== undefined && leftOut.length > 0) access.noteLeftOut(roleArn);
  }
  const others = roles.filter((role) => roleNamed(request, role) === undefined);
  const name = given.ManagedPolicyName ?? given.PolicyName ?? physicalName(request, LONGEST_ROLE_NAME);
  const arn = `arn:aws:iam::${accountId}:policy/${name}`;
  const isManaged = request.resource.Type === 'AWS::IAM::ManagedPolicy';
  return {
    ref: isManaged ? arn : name,
    attributes: { Id: name, PolicyArn: arn },
    leftOut: [...leftOut, ...others.map((role) => `the role ${role} is not part of the app, and gets no permissions`)],
  };
};

/** Finds a role by name, because policies name roles without their paths. */
function roleNamed({ target }: ResourceRequest, name: string): string | undefined {
  return [...target.access.policies.ofRoles.keys()].find((arn) => arn.endsWith(`/${name}`));
}

const queuePolicy = z.object({ PolicyDocument: z.unknown(), Queues: z.array(z.string()) });

/** Adds a policy to queues. */
export const createQueuePolicy: ResourceHandler = (request) => {
  const { PolicyDocument, Queues } = queuePolicy.parse(request.properties);
  const { access, messaging } = request.target;
  const { statements, leftOut } = policyOf(request, PolicyDocument);
  const found = Queues.map((url) => messaging.queues.get(url));
  for (const queue of found) if (queue !== undefined) access.protect(queue.arn, statements);
  const others = Queues.filter((_, index) => found[index] === undefined);
  return {
    ref: physicalName(request, LONGEST_ROLE_NAME),
    attributes: {},
    leftOut: [...leftOut, ...others.map((url) => `the queue ${url} is not part of the app`)],
  };
};

const topicPolicy = z.object({ PolicyDocument: z.unknown(), Topics: z.array(z.string()) });

/** Adds a policy to topics. */
export const createTopicPolicy: ResourceHandler = (request) => {
  const { PolicyDocument, Topics } = topicPolicy.parse(request.properties);
  const { statements, leftOut } = policyOf(request, PolicyDocument);
  for (const arn of Topics) request.target.access.protect(arn, statements);
  return { ref: physicalName(request, LONGEST_ROLE_NAME), attributes: {}, leftOut };
};

const permissionProperties = z.object({
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
  const { given, leftOut } = readProperties(permissionProperties, request.properties);
  if (leftOut.length > 0) throw new NotEmulated(`it grants nothing locally. ${leftOut.join('; ')}`);
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
  access.protect(arn, policyOf(request, { Statement }).statements);
  return {
    ref: physicalName(request, LONGEST_ROLE_NAME),
    attributes: { Id: physicalName(request, LONGEST_ROLE_NAME) },
  };
};

/** Reads a policy document. The engine's ARNs of tables are converted to AWS's form. */
function policyOf(request: ResourceRequest, document: unknown, part?: string): ReadPolicy {
  const { stack, logicalId, target } = request;
  const source = [stack.name, logicalId, ...(part === undefined ? [] : [part])].join('/');
  const onAws: unknown = JSON.parse(inRegion(JSON.stringify(document ?? null), target.region));
  return readPolicy(onAws, source);
}
