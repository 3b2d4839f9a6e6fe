import { synthesiseCostApp } from './app.ts';

/** Synthesis blocks its process for seconds, so it has a process of its own: `app-process CACHES OUTDIR`. */
const [caches = '', outdir = ''] = process.argv.slice(2);
synthesiseCostApp(Number(caches), outdir);
