/** The boundary's contracts module. Bundling resolves `#contracts` to the boundary's `module`. */
declare module '#contracts' {
  import type { ContractsModule } from '../core/contract/define-boundary.ts';

  const exported: ContractsModule['default'];
  export default exported;
}
