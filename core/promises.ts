/** Whether a value is a function that is declared as async. */
export function isAsync(given: unknown): boolean {
  return Object.prototype.toString.call(given) === '[object AsyncFunction]';
}

/**
 * Whether a function that must return its result directly returned a promise. Nobody awaits that promise, so its
 * failure is ignored: an unhandled failure would end the process.
 */
export function isUnawaited(result: unknown): boolean {
  if (!(result instanceof Promise)) return false;
  result.catch(() => undefined);
  return true;
}
