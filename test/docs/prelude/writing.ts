import { ownerFromEnvironment, readerFromEnvironment } from 'freshet-aws';
import geography from './geography.ts';
import ordering from './ordering.ts';
