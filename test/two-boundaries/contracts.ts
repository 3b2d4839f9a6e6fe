import * as z from 'zod/mini';
import { defineBoundary } from '../../core/contract/define-boundary.ts';

const schema = z.strictObject({ name: z.string() });

/** A second boundary of the module, which isn't its default export. */
export const second = defineBoundary(import.meta.url, { name: 'second', owns: { Town: { schema } } });

export default defineBoundary(import.meta.url, { name: 'first', owns: { Country: { schema } } });
