/** The views of the troubled shop: a name, the address, and a text that is shown once the view is complete. */
export const VIEWS = [
  ['flow', '#/flow', 'stopped'],
  ['flow-panel', '#/flow?at=cache/warehouse&part=queue', 'Physical names'],
  ['entities', '#/entities?type=Customer&id=c-sofja', 'stopped, events held'],
  ['parked', '#/parked?by=reason', 'invalid'],
  ['numbers', '#/numbers?minutes=5', 'Inflow and outflow'],
  ['contracts', '#/contracts', 'customers'],
  ['sagas', '#/sagas', 'OrderBilled'],
] as const satisfies readonly (readonly [string, string, string])[];
