import type { Reader } from 'freshet-aws';
import type ordering from './ordering.ts';

declare const reader: Reader<typeof ordering.caches>;
