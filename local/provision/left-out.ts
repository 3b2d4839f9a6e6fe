import * as z from 'zod/mini';
import { problemsOf } from '../problems.ts';
import type { Stack } from './assembly.ts';

/** A resource, or a part of one, that the local cloud leaves out. Functions that name it get a placeholder. */
export interface LeftOut {
  /** Stack and logical id, such as `Orders/Bucket83908E77`. */
  readonly path: string;
  /** Such as `AWS::S3::Bucket`; or `Parameter`, `Condition` or `Output` for these parts of a template. */
  readonly type: string;
  /** Why a resource of a known type, or a part of the resource, is left out. @default - the type isn't known */
  readonly reason?: string;
}

/** What was left out so far. */
export interface LeftOutList {
  readonly all: readonly LeftOut[];
  /** Adds an entry, unless it is there already. */
  add(path: string, type: string, reason?: string): void;
}

export function createLeftOutList(): LeftOutList {
  const byKey = new Map<string, LeftOut>();
  return {
    get all() {
      return [...byKey.values()];
    },
    add(path, type, reason) {
      byKey.set(`${path} ${reason}`, { path, type, ...(reason !== undefined && { reason }) });
    },
  };
}

/** Makes the function that adds values that aren't known locally, by their paths in the template of a stack. */
export function unknownValuesOf(stack: Stack, leftOut: LeftOutList): (path: string, reason: string) => void {
  return (path, reason) => {
    const [section = '', name = ''] = path.slice(stack.name.length + 1).split('/');
    const type = stack.template.Resources[section]?.Type;
    if (type !== undefined) leftOut.add(`${stack.name}/${section}`, type, reason);
    else leftOut.add(`${stack.name}/${name}`, section.replace(/s$/, ''), reason);
  };
}

/** What happens to the properties of a resource that its schema doesn't have. */
export interface Unread {
  /** Properties that change nothing that a local cloud shows. They are ignored. */
  readonly noEffect?: readonly string[];
  /** What it means that a property is left out, by the property's name. @default - it isn't emulated */
  readonly meanings?: Readonly<Record<string, string>>;
}

/** The names of properties that a handler doesn't read and that may have an effect on AWS. */
export function unreadNames(properties: unknown, known: readonly string[], { noEffect = [] }: Unread): string[] {
  return Object.keys(properties ?? {}).filter((name) => ![...known, ...noEffect, 'Tags'].includes(name));
}

/** The reasons for the properties that are left out. @param known the names of the properties that a handler reads */
export function unreadReasons(properties: unknown, known: readonly string[], unread: Unread): string[] {
  const names = unreadNames(properties, known, unread);
  return names.map((name) => `${name}: ${unread.meanings?.[name] ?? 'it is not emulated'}`);
}

/** Reads the properties of a resource. The properties that the schema doesn't have are left out, each with a reason. */
export function readProperties<S extends z.ZodMiniObject>(
  schema: S,
  properties: unknown,
  unread: Unread = {},
): { readonly given: z.infer<S>; readonly leftOut: string[] } {
  const given = schema.parse(properties);
  return { given, leftOut: unreadReasons(properties, Object.keys(schema.def.shape), unread) };
}

/** Why a resource can't be created. @param properties the resource's properties */
export function reasonOf(error: unknown, properties: unknown): string {
  if (error instanceof z.core.$ZodError) return problemsOf(error, properties, ['Properties']);
  return error instanceof Error ? error.message : String(error);
}
