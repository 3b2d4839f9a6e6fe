/** Names of the app's stacks, a consumer's with its number behind: names of resources begin with them, so that the ledger tells whose a request is. */
export const STACKS = {
  owner: 'Owner',
  notifier: 'Notifier',
  cache: 'Cache',
  listener: 'Listener',
  page: 'Page',
} as const;
