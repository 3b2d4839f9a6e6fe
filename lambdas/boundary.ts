import * as contracts from '#contracts';
import { boundaryOf } from '../core/contract.ts';

/** The boundary that the function was bundled with. */
export default boundaryOf(contracts);
