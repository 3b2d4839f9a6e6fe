/** The port of a console, unless another one is named or it is taken. */
export const DEFAULT_PORT = 3737;
