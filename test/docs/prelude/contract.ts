import { defineBoundary } from 'freshet-aws';
import * as z from 'zod';

const schema = z.strictObject({ name: z.string() });
