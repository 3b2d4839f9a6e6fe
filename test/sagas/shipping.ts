import { shipping } from '../support/sagas.ts';

/** A saga's module, as it is bundled. */
export default { ...shipping, module: import.meta.url };
