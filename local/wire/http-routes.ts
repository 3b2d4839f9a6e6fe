/** A route of an HTTP API. */
export interface Route {
  /** Such as `GET /countries/{id}`, `ANY /files/{path+}` or `$default`. */
  readonly routeKey: string;
  readonly functionName: string;
  /** How long the API waits for the function's answer. */
  readonly timeoutMs: number;
}

/** A route that a request takes, with the values of the variables in its path. */
export interface TakenRoute extends Route {
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * The route that a request takes: the one with the most specific path and, of two with the same path, the one with the
 * request's method before the one with ANY. The route `$default` takes all requests that no other route takes
 * (apigw/http-api-develop-routes).
 *
 * @param path percent-encoded, without the stage
 */
export function takenRoute(routes: readonly Route[], method: string, path: string): TakenRoute | undefined {
  const found = routes.flatMap((route) => {
    const [routeMethod = '', routePath] = route.routeKey.split(' ');
    if (routePath === undefined || (routeMethod !== 'ANY' && routeMethod !== method)) return [];
    const pathParameters = parametersOf(routePath, path);
    if (pathParameters === undefined) return [];
    // Ranks sort as text, segment by segment: a literal before a variable, and a variable before a greedy variable.
    const rank = segmentsOf(routePath).map(rankOf).join('') + (routeMethod === 'ANY' ? 'b' : 'a');
    return [{ rank, taken: { ...route, pathParameters } }];
  });
  const [best] = found.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const fallback = routes.find(({ routeKey }) => routeKey === '$default');
  return best?.taken ?? (fallback && { ...fallback, pathParameters: {} });
}

const VARIABLE = /^\{([^+}]+)(\+?)\}$/;

function rankOf(segment: string): string {
  const [, name, plus] = VARIABLE.exec(segment) ?? [];
  if (name === undefined) return '0';
  return plus === '' ? '1' : '2';
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').slice(1);
}

/** The values of the variables of a route's path; undefined if the path doesn't match. */
function parametersOf(routePath: string, path: string): Record<string, string> | undefined {
  const given = segmentsOf(path);
  const wanted = segmentsOf(routePath);
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const [, name, plus] = VARIABLE.exec(segment) ?? [];
    const value = plus ? given.slice(index).join('/') : given[index];
    if (value === undefined || (name !== undefined && value === '')) return undefined;
    if (name === undefined && value !== segment) return undefined;
    if (name !== undefined) parameters[name] = decoded(value);
    if (plus) return parameters;
  }
  return given.length === wanted.length ? parameters : undefined;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
