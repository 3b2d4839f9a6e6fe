/** The environment variables of a function that works with a boundary. The grants of the constructs set them. */
export interface EnvironmentNames {
  /** Name of the table of the boundary's entities. Set by `EntityOwner.grantWrite`. */
  readonly ownerTable: string;
  /** Name of the table of the owner's flow control. Set by `EntityOwner.grantWrite` and `ChangeTopic.grantPublish`. */
  readonly flowTable: string;
  /** ARN of the owner's topic. Set by `ChangeTopic.grantPublish` and `ChangeTopic.grantAnswer`. */
  readonly changeTopic: string;
  /** Name of the relay's function of an owner in PostgreSQL. Set by `PostgresOwner.grantWrite`. */
  readonly relay: string;
  /** Name of the table of the boundary's cache. Set by `LocalCache.grantRead`. */
  readonly cacheTable: string;
  /** Name of the table of the boundary's facts. Set by `FactTopic.grantCommit`. */
  readonly factsTable: string;
}

/**
 * Returns the names of a boundary's environment variables, such as `FRESHET_CACHE_ORDERING`. Two boundaries never have
 * the same names, because the name of a boundary has no upper-case letter and no underscore.
 */
export function environmentNames(boundary: string): EnvironmentNames {
  const suffix = boundary.toUpperCase().replaceAll('-', '_');
  return {
    ownerTable: `FRESHET_OWNER_${suffix}`,
    flowTable: `FRESHET_FLOW_${suffix}`,
    changeTopic: `FRESHET_TOPIC_${suffix}`,
    relay: `FRESHET_RELAY_${suffix}`,
    cacheTable: `FRESHET_CACHE_${suffix}`,
    factsTable: `FRESHET_FACTS_${suffix}`,
  };
}
