import type {
  ContractsDocument,
  DeploymentDocument,
  EntitiesDocument,
  EntityDocument,
  FlowDocument,
  NumbersDocument,
  ParkedDocument,
  ParkedEventDocument,
  ParkingRole,
  SagaInstanceDocument,
  SagaInstancesDocument,
  SagasDocument,
  WhyDocument,
} from './documents.ts';

/**
 * The reads of the console's API, for one deployment. The console creates them again when the deployment is replaced.
 * The server has checked the shape of the input, but not whether a name exists.
 *
 * A read rejects with `NotFound`, or with a FreshetError `UnknownEntityType`, `UnknownOwner` or `UnknownCache`, if a
 * name is unknown: the answer is then 404. With another FreshetError or a UsageError it is 400, and with an error of a
 * request to AWS or to the local cloud it is 502.
 */
export interface ConsoleReads {
  deployment(): Promise<Omit<DeploymentDocument, 'instance' | 'actions'>>;
  /** Remembers earlier looks, because rates are differences between two looks. */
  flow(): Promise<FlowDocument>;
  entities(input: {
    readonly type: string;
    readonly prefix?: string | undefined;
    readonly cursor?: string | undefined;
  }): Promise<EntitiesDocument>;
  entity(input: { readonly type: string; readonly id: string }): Promise<EntityDocument>;
  why(input: { readonly cache: string; readonly type: string; readonly id: string }): Promise<WhyDocument>;
  parked(input: { readonly at?: string | undefined; readonly cursor?: string | undefined }): Promise<ParkedDocument>;
  parkedEvent(input: {
    readonly role: ParkingRole;
    readonly name: string;
    readonly key: string;
  }): Promise<ParkedEventDocument>;
  /** The server adds the changes of alarms. @param input minutes: an integer from 1 to 180 */
  numbers(input: { readonly minutes: number }): Promise<Omit<NumbersDocument, 'alarmChanges'>>;
  contracts(): Promise<ContractsDocument>;
  /** The AsyncAPI 3.0 document of a boundary. */
  asyncapi(boundary: string): Promise<object>;
  /** The JSON Schema of a type's states. */
  schema(type: string): Promise<object>;
  sagas(): Promise<SagasDocument>;
  sagaInstances(input: {
    readonly saga: string;
    readonly status?: SagaInstanceDocument['status'] | undefined;
    readonly prefix?: string | undefined;
    readonly cursor?: string | undefined;
  }): Promise<SagaInstancesDocument>;
}

/** A name or a key that the deployment doesn't have. The message says what was given and what there is. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}
