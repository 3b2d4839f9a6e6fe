import * as contracts from '#contracts';
import { boundaryOf } from '../core/contract/define-boundary.ts';

/** The boundary whose contracts are bundled with the function. */
export default boundaryOf(contracts, process.env.DEFINITION);
