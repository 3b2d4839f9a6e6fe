/** How long a caller waits for the owner's answer. */
export const CALL_TIMEOUT_MS = 500;
