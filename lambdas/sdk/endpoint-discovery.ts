/**
 * Stands for `@aws-sdk/middleware-endpoint-discovery` in the bundles of Freshet's functions. DynamoDB's client has it
 * switched off unless an environment variable that Freshet doesn't set switches it on.
 */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => undefined,
  configFileSelector: () => undefined,
  default: undefined,
};

/** Leaves a client's configuration as it is. */
export function resolveEndpointDiscoveryConfig<C>(config: C): C {
  return config;
}
