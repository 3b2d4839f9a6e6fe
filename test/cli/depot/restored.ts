import depot from './owner.ts';

/** The owner's contracts after a restore. */
export default { ...depot, epoch: 1 };
