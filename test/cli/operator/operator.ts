/** A function that lends its role to the operator of a test. */
export const handler = () => 'unused';
