import depot from './owner.ts';

/** The owner's contracts after a restore, as its deployment would have them. */
export default { ...depot, epoch: 1 };
