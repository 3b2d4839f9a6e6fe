/** The saga's module; bundling resolves the name to the path that the construct was given. */
declare module '#saga' {
  import type { SagaModule } from '../core/saga/define.ts';

  const exported: SagaModule['default'];
  export default exported;
}
