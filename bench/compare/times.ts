/** How long whoever asks the owner waits for its answer. */
export const CALL_TIMEOUT_MS = 500;

/** After how long a notification whose callback failed comes again: a minute of a real service is a second here. */
export const RETRY_SECONDS = 1;
