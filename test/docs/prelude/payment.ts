import { defineBoundary, fact } from 'freshet-aws';

export default defineBoundary(import.meta.url, {
  name: 'payment',
  publishes: { OrderBilled: fact({ ids: ['orderId'], about: 'orderId' }) },
});
