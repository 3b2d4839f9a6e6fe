import { billing } from '../support/sagas.ts';

/** A boundary's module, as it is bundled. */
export default { ...billing, module: import.meta.url };
