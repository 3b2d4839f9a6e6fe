import { sales } from '../support/sagas.ts';

/** A boundary's module, as it is bundled. */
export default { ...sales, module: import.meta.url };
