/**
 * Returns a function that makes a value at its first call and keeps it. For schemas that most functions which load the
 * module never use: making one takes up to a millisecond of a cold start.
 */
export function later<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
