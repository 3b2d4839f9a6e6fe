/** The saga's module. Bundling resolves `#saga` to the saga's `module`. */
declare module '#saga' {
  import type { SagaModule } from '../core/saga/define.ts';

  const exported: SagaModule['default'];
  export default exported;
}
