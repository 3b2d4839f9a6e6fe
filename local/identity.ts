/** The region that the local cloud emulates. */
export const LOCAL_REGION = 'us-east-1';

/** The local cloud accepts any credentials. Fixed ones keep the SDK from looking for a profile or a role. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;
