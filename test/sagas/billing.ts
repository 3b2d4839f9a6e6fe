import { billing } from '../support/sagas.ts';

/** The billing boundary's module, for bundling. */
export default { ...billing, module: import.meta.url };
