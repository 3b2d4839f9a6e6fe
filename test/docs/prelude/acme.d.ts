declare module '@acme/geography' {
  export { default } from './geography.ts';
}
