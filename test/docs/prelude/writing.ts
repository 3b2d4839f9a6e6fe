import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createFlow, createOwner, createReader } from 'freshet-aws';
import geography from './geography.ts';
import ordering from './ordering.ts';

declare const client: DynamoDBClient;
declare const tableName: string;
declare const FLOW_TABLE: string;
declare const OWNER_TABLE: string;
