import * as z from 'zod/mini';
import { defineBoundary } from '../../package/index.ts';

const Part = z.strictObject({ name: z.string(), price: z.number() });

/** The same type, owned in PostgreSQL and in DynamoDB. */
export const rows = defineBoundary(import.meta.url, { name: 'rows', owns: { Row: { schema: Part } } });
const items = defineBoundary(import.meta.url, { name: 'items', owns: { Item: { schema: Part } } });

export default items;
