import { readerFromEnvironment } from 'freshet-aws';
import { serve } from '../../service/http.ts';
import { createPages } from '../pages.ts';
import ordering from '../selling.ts';

const pages = createPages(readerFromEnvironment({ boundary: ordering }));

export const handler = serve(pages);
