import type { Project } from './project.ts';

/** What `freshet init` adds to an app: one type, the service that owns it and a service that caches it. */
export interface Added {
  /** The boundary that owns the type. */
  readonly owner: string;
  /** The entity type. */
  readonly type: string;
  /** The boundary that caches the type. */
  readonly cache: string;
}

/** How the app's modules are written. */
export type Style = Pick<Project, 'isCommonJs' | 'extension' | 'sources'>;

/** `order-desk` as `OrderDesk`, for the names of classes and stacks. */
export function pascalCase(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('-', '');
}

/** `order-desk` as `orderDesk`, and `OrderLine` as `orderLine`, for the names of variables. */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** `OrderLine` as `order-line`, for the names of files. */
export function kebabCase(type: string): string {
  return type.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
}

/** The variable of the contracts of a boundary. No keyword and no other variable of the files has this end. */
export function contractsOf(boundary: string): string {
  return `${camelCase(boundary)}Contracts`;
}
