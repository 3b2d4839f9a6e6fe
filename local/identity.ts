/** The region that the local cloud emulates. */
export const LOCAL_REGION = 'us-east-1';

/** The account that the local cloud emulates. The engine uses the same one in its ARNs. */
export const LOCAL_ACCOUNT_ID = '000000000000';

/** The local cloud accepts any credentials. Fixed ones keep the SDK from looking for a profile or a role. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
