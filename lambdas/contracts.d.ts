/** The boundary's contracts module; bundling resolves the name to the path that the construct was given. */
declare module '#contracts' {
  import type { ContractsModule } from '../core/contract.ts';

  const exported: ContractsModule['default'];
  export default exported;
}
