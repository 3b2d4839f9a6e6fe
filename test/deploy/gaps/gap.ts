import type { Clients } from '../clients.ts';
import type { DeployedResource, Template } from '../template.ts';

/** What an emulator leaves out. The suite fails if anything else is missing. */
export interface Gaps {
  /** A path that only this emulator answers. */
  readonly health: string;
  /** Properties that its CloudFormation accepts but doesn't set. */
  readonly dropped: readonly Gap[];
  /** Resources that its CloudFormation refuses or ignores. */
  readonly refused: readonly Refusal[];
  /** Permissions that it needs and AWS doesn't. Returns lines to print. @default - none */
  readonly allow?: (clients: Clients, resources: readonly DeployedResource[]) => Promise<string[]>;
  /** What the suite can't test on it. */
  readonly notCovered: readonly string[];
  /** Whether its CloudFormation adds an index to a table that exists. */
  readonly addsIndexes: boolean;
  /** Whether it searches the logs of functions. */
  readonly searchesLogs: boolean;
  /** How many times as long as MiniStack a change takes until it has arrived. */
  readonly slowness: number;
}

/** A property that is accepted but not set. */
export interface Gap {
  readonly type: string;
  readonly property: string;
  /** Sets the property to its value in the template. @default - it can't be set, and the suite doesn't compare it */
  readonly set?: (clients: Clients, resource: DeployedResource, value: unknown) => Promise<unknown>;
}

/** A resource of a template. */
export type Resource = Template['Resources'][string];

/** A resource that is refused. A replacement has the same logical id and name. */
export interface Refusal {
  readonly what: string;
  /** Returns the replacement or `left out`, or undefined if this entry doesn't apply to the resource. */
  readonly instead: (resource: Resource) => Resource | 'left out' | undefined;
}
