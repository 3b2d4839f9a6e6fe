/** The boundary's contracts module; bundling resolves the name to the path that the construct was given. */
declare module '#contracts' {
  import type { Boundary } from '../core/contract.ts';

  const boundary: Boundary;
  export default boundary;
}
