import { type } from 'arktype';
import * as v from 'valibot';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { defineBoundary, keep } from '../../package/index.ts';

/** The state that the schemas of all libraries describe. */
export interface Employee {
  name: string;
  department: 'sales' | 'support';
  floor?: number | undefined;
  tags: string[];
}

/** The same contract, written with each library. */
export const hrOfZod = defineBoundary(import.meta.url, {
  name: 'hr',
  owns: {
    Employee: {
      schema: z.strictObject({
        name: z.string(),
        department: z.enum(['sales', 'support']),
        floor: z.optional(z.number()),
        tags: z.array(z.string()),
      }),
    },
  },
});

export const hrOfZodMini = defineBoundary(import.meta.url, {
  name: 'hr',
  owns: {
    Employee: {
      schema: mini.strictObject({
        name: mini.string(),
        department: mini.enum(['sales', 'support']),
        floor: mini.optional(mini.number()),
        tags: mini.array(mini.string()),
      }),
    },
  },
});

export const hrOfValibot = defineBoundary(import.meta.url, {
  name: 'hr',
  owns: {
    Employee: {
      schema: v.strictObject({
        name: v.string(),
        department: v.picklist(['sales', 'support']),
        floor: v.optional(v.number()),
        tags: v.array(v.string()),
      }),
    },
  },
});

export const hrOfArktype = defineBoundary(import.meta.url, {
  name: 'hr',
  owns: {
    Employee: {
      schema: type({
        '+': 'reject',
        name: 'string',
        department: "'sales' | 'support'",
        'floor?': 'number | undefined',
        tags: 'string[]',
      }),
    },
  },
});

/** A consumer of each contract, which keeps everything but the tags. */
export const deskOfZod = defineBoundary(import.meta.url, {
  name: 'desk',
  caches: {
    Employee: keep(hrOfZod.owns.Employee, {
      fields: ['name', 'department', 'floor'],
      indexes: { byDepartment: 'department', byFloor: 'floor' },
    }),
  },
});

export const deskOfZodMini = defineBoundary(import.meta.url, {
  name: 'desk',
  caches: {
    Employee: keep(hrOfZodMini.owns.Employee, {
      fields: ['name', 'department', 'floor'],
      indexes: { byDepartment: 'department', byFloor: 'floor' },
    }),
  },
});

export const deskOfValibot = defineBoundary(import.meta.url, {
  name: 'desk',
  caches: {
    Employee: keep(hrOfValibot.owns.Employee, {
      fields: ['name', 'department', 'floor'],
      indexes: { byDepartment: 'department', byFloor: 'floor' },
    }),
  },
});

export const deskOfArktype = defineBoundary(import.meta.url, {
  name: 'desk',
  caches: {
    Employee: keep(hrOfArktype.owns.Employee, {
      fields: ['name', 'department', 'floor'],
      indexes: { byDepartment: 'department', byFloor: 'floor' },
    }),
  },
});
