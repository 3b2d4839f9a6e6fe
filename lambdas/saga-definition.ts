import * as module from '#saga';
import { sagaOf } from '../core/saga/define.ts';

/** The saga whose module is bundled with the function. */
export default sagaOf(module, process.env.DEFINITION);
