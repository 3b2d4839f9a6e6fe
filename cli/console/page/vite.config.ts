import { defineConfig } from 'vite';

/** Builds the page. The server sends it with a Content Security Policy that allows no inline code or style. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  // JSX is compiled to calls of Preact.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../built',
    emptyOutDir: true,
    sourcemap: false,
    target: ['chrome123', 'firefox125', 'safari17.5'],
    // A polyfill would be an inline script, and an inlined file would be a data: address.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
