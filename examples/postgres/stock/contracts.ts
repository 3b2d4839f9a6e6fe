import { defineBoundary, fact } from 'freshet-aws';
import * as z from 'zod/mini';

/** What other services know of an article: a state that the service makes of two of its tables. */
export const article = z.strictObject({ name: z.string(), onHand: z.int(), reserved: z.int() });

/** The service that owns the stock, in PostgreSQL. */
export default defineBoundary(import.meta.url, {
  name: 'stock',
  owns: { Article: { schema: article, deltas: true } },
  publishes: { StockReserved: fact({ ids: ['reservationId', 'articleId'], about: 'articleId' }) },
});
