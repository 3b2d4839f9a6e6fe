/** The views of the console, in the order of the navigation. */
export const VIEWS = ['flow', 'entities', 'parked', 'numbers', 'contracts', 'sagas'] as const;

export type View = (typeof VIEWS)[number];

/** The titles of the views. */
export const TITLES: Readonly<Record<View, string>> = {
  flow: 'Flow',
  entities: 'Entities',
  parked: 'Parked',
  numbers: 'Numbers',
  contracts: 'Contracts',
  sagas: 'Sagas',
};

/** A view and what it shows. */
export interface Route {
  readonly view: View;
  readonly params: ReadonlyMap<string, string>;
}

/** Reads the part of an address after `#`. An unknown view is the flow. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const view = VIEWS.find((one) => one === path) ?? 'flow';
  return { view, params: new Map(new URLSearchParams(query)) };
}

/** The address of a view: `#/entities?type=Country&id=FR`. Parameters that are undefined or empty are left out. */
export function routeTo(view: View, params: Readonly<Record<string, string | undefined>> = {}): string {
  return withQuery(`#/${view}`, params);
}

/** The path of a document of the API with parameters. Those that are null, undefined or empty are left out. */
export function apiPath(path: string, params: Readonly<Record<string, string | null | undefined>>): string {
  return withQuery(path, params);
}

function withQuery(path: string, params: Readonly<Record<string, string | null | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '') query.append(key, value);
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

/** The entity that the id of a message group names; undefined for a group with a hashed id. */
export function entityOfGroup(group: string): { readonly type: string; readonly id: string } | undefined {
  const [, type, id] = /^([^/#]+)\/(.+)$/s.exec(group) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}
