import { MessagingError } from '../fifo/errors.ts';

/** A request's parameters, not yet validated. */
export type Input = Readonly<Record<string, unknown>>;

/** The fields of a JSON object. Any other value has no fields. */
export function asInput(value: unknown): Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new MessagingError('InvalidParameterValue', `${name} must be a string. Given: ${JSON.stringify(value)}`);
}

export function text(input: Input, name: string): string {
  const value = optionalText(input, name);
  if (value !== undefined) return value;
  throw new MessagingError('MissingParameter', `The request must contain the parameter ${name}.`);
}

/** A whole number. Older clients send it as a string. */
export function optionalInteger(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw new MessagingError('InvalidParameterValue', `${name} must be an integer. Given: ${JSON.stringify(value)}`);
}

export function list(input: Input, name: string): readonly Input[] {
  const value = input[name];
  return Array.isArray(value) ? value.map(asInput) : [];
}

export function texts(input: Input, name: string): readonly string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A map of strings, such as `Attributes`. */
export function textMap(input: Input, name: string): Record<string, string> {
  const map = asInput(input[name]);
  return Object.fromEntries(Object.keys(map).map((key) => [key, text(map, key)]));
}

/** The fields that aren't undefined. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
