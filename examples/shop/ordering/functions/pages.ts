import { createReader, dynamoDbClient } from 'freshet-aws';
import { required } from '../../service/environment.ts';
import { serve } from '../../service/http.ts';
import { createPages } from '../pages.ts';
import ordering from '../selling.ts';

const client = dynamoDbClient();
const pages = createPages(createReader({ boundary: ordering, tableName: required('CACHE_TABLE'), client }));

export const handler = serve(pages);
