import { sales } from '../support/sagas.ts';

/** The sales boundary's module, for bundling. */
export default { ...sales, module: import.meta.url };
