import { synthesiseCostApp } from './app.ts';

/** A process of its own, since synthesis holds its process for seconds: `app-process CACHES OUTDIR`. */
const [caches = '', outdir = ''] = process.argv.slice(2);
synthesiseCostApp(Number(caches), outdir);
