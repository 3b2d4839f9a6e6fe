import { shipping } from '../support/sagas.ts';

/** The saga's module, for bundling. */
export default { ...shipping, module: import.meta.url };
