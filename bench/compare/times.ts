/** How long whoever asks the owner waits for its answer. */
export const CALL_TIMEOUT_MS = 500;
