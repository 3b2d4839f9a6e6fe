/**
 * Stands for `@aws-sdk/credential-provider-node` in the bundles of Freshet's functions. Lambda gives a function its
 * credentials in the environment, so the SDK's search for profiles, SSO and instance roles is left out.
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
