import * as module from '#saga';
import { sagaOf } from '../core/saga/define.ts';

/** The saga that the function was bundled with. */
export default sagaOf(module);
