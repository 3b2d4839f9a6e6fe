/**
 * Returns an environment variable that the stack sets. Throws if it isn't set, so that a wrong deployment fails early.
 */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`environment variable ${name} is not set`);
  return value;
}
