/** A variable that the stack sets; a function without it is deployed wrongly and fails when it starts. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`environment variable ${name} is not set`);
  return value;
}
