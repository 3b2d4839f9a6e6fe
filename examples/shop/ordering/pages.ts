import type { Reader, TypeIn } from 'freshet-aws';
import { Answer, freshness, numbersIn, type Request, type Routes } from '../service/http.ts';
import type ordering from './selling.ts';

/**
 * Creates the routes of the shop's pages. They read only the cache, so no other service can keep the shop from
 * answering.
 */
export function createPages(reader: Pick<Reader<typeof ordering.caches>, 'get' | 'listBy'>): Routes {
  const page = (type: TypeIn<typeof ordering.caches>) => async (request: Request) => {
    const found = await reader.get(type, request.path.id ?? '', freshness(request));
    return found.status === 'found' ? found : new Answer(404, found);
  };

  return {
    'GET /products/:id': page('Product'),
    /** Lists by a declared index: `GET /categories/kitchen/products?limit=20&cursor=…`. */
    async 'GET /categories/:category/products'(request) {
      const { cursor } = request.query;
      return reader.listBy('Product', 'category', request.path.category ?? '', {
        ...freshness(request),
        ...numbersIn(request.query, 'limit'),
        ...(cursor !== undefined && { cursor }),
      });
    },
    async 'GET /customers/:id'(request) {
      const asked = freshness(request);
      const customer = await reader.get('Customer', request.path.id ?? '', asked);
      if (customer.status !== 'found') return new Answer(404, customer);
      const { maxStalenessMs } = asked;
      const { country, currency } = customer.value;
      const [inCountry, paysIn] = await Promise.all([
        reader.get('Country', country, { maxStalenessMs }),
        reader.get('Currency', currency, { maxStalenessMs }),
      ]);
      return { customer, country: inCountry, currency: paysIn };
    },
  };
}
