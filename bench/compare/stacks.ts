/**
 * Names of the app's stacks; a consumer's stack also has its number at the end. Resource names begin with the stack's
 * name, which shows to which way a request in the ledger belongs.
 */
export const STACKS = {
  owner: 'Owner',
  notifier: 'Notifier',
  cache: 'Cache',
  listener: 'Listener',
  page: 'Page',
} as const;
