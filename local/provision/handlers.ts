import { createPermission, createPolicy, createQueuePolicy, createRole, createTopicPolicy } from './access.ts';
import { createEventInvokeConfig, createFunction } from './function.ts';
import { createFunctionUrl } from './function-url.ts';
import { createHttpApi, createIntegration, createRoute, createStage } from './http-api.ts';
import { createMapping } from './mapping.ts';
import { createQueue, createSubscription, createTopic } from './messages.ts';
import type { ResourceHandler } from './resource.ts';
import { createTable } from './table.ts';
import { createCompositeAlarm, createInsightRule, createMetricAlarm, createRule } from './watching.ts';

/** How the resources of each type are created. */
export const HANDLERS: Readonly<Record<string, ResourceHandler>> = {
  'AWS::DynamoDB::Table': createTable,
  'AWS::DynamoDB::GlobalTable': createTable,
  'AWS::SQS::Queue': createQueue,
  'AWS::SNS::Topic': createTopic,
  'AWS::SNS::Subscription': createSubscription,
  'AWS::Lambda::Function': createFunction,
  'AWS::Lambda::EventSourceMapping': createMapping,
  'AWS::Lambda::EventInvokeConfig': createEventInvokeConfig,
  'AWS::Lambda::Url': createFunctionUrl,
  'AWS::ApiGatewayV2::Api': createHttpApi,
  'AWS::ApiGatewayV2::Integration': createIntegration,
  'AWS::ApiGatewayV2::Route': createRoute,
  'AWS::ApiGatewayV2::Stage': createStage,
  'AWS::CloudWatch::Alarm': createMetricAlarm,
  'AWS::CloudWatch::CompositeAlarm': createCompositeAlarm,
  'AWS::CloudWatch::InsightRule': createInsightRule,
  'AWS::Events::Rule': createRule,
  'AWS::IAM::Role': createRole,
  'AWS::IAM::Policy': createPolicy,
  'AWS::IAM::RolePolicy': createPolicy,
  'AWS::IAM::ManagedPolicy': createPolicy,
  'AWS::SQS::QueuePolicy': createQueuePolicy,
  'AWS::SNS::TopicPolicy': createTopicPolicy,
  'AWS::Lambda::Permission': createPermission,
};

/**
 * Resource types that don't affect what the pipeline does, such as those for monitoring, encryption and users. The
 * custom resource acts when a stack is deleted, which doesn't happen here.
 */
export const NOT_EMULATED =
  /^(AWS::((CloudWatch|Logs|KMS|XRay)::.*|IAM::(User|Group|InstanceProfile)|SSM::Parameter)|Custom::FreshetArchive)$/;

/** The metadata that the CDK adds to each stack. It isn't listed, because nobody declared it. */
export const CDK_METADATA = 'AWS::CDK::Metadata';

/**
 * Resources that only connect other resources, with the properties that name those. If a named resource is left out,
 * its connections are left out too.
 */
export const CONNECTIONS: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Integration': ['ApiId', 'IntegrationUri'],
  'AWS::ApiGatewayV2::Route': ['ApiId', 'Target'],
  'AWS::ApiGatewayV2::Stage': ['ApiId'],
  'AWS::Lambda::EventSourceMapping': ['FunctionName', 'EventSourceArn'],
  'AWS::Lambda::EventInvokeConfig': ['FunctionName'],
  'AWS::Lambda::Permission': ['FunctionName'],
  'AWS::Lambda::Url': ['TargetFunctionArn'],
  'AWS::SNS::Subscription': ['Endpoint', 'TopicArn'],
};
