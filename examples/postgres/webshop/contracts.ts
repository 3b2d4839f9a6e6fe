import { defineBoundary, keep } from 'freshet-aws';
import stock from '../stock/contracts.ts';

/** Another service, which shows what is on hand without a call to the stock's database. */
export default defineBoundary(import.meta.url, {
  name: 'webshop',
  caches: { Article: keep(stock.owns.Article) },
});
