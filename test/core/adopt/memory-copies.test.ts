import { describe } from 'vitest';
import { copyTableContract } from '../../adapters/adopt/copy-table-contract.ts';
import { memoryCopies } from '../../support/adopting.ts';

describe('copies in memory', () => copyTableContract(memoryCopies));
