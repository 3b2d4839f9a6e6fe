import { type Added, contractsOf, type Style } from './added.ts';

/** The module of the function that writes. */
export const putFunction = ({ owner, type }: Added, { extension }: Style) => `\
import { FreshetError, ownerFromEnvironment } from 'freshet-aws';
import ${contractsOf(owner)} from './contracts${extension}';

const owner = ownerFromEnvironment({ boundary: ${contractsOf(owner)} });

interface Request {
  rawPath: string;
  body?: string;
  isBase64Encoded: boolean;
  requestContext: { http: { method: string } };
}

/** The request PUT /ID commits the state in its body, which is JSON. */
export async function handler({ rawPath, body, isBase64Encoded, requestContext }: Request) {
  if (requestContext.http.method !== 'PUT') return { statusCode: 405, headers: { allow: 'PUT' } };
  try {
    const id = decodeURIComponent(rawPath.slice(1));
    const json = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString();
    const { version } = await owner.put('${type}', id, JSON.parse(json));
    return { statusCode: 200, body: JSON.stringify({ id, version }) };
  } catch (error) {
    if (!(error instanceof FreshetError || error instanceof SyntaxError || error instanceof URIError)) throw error;
    const isSlowed = error instanceof FreshetError && error.code === 'Backpressure';
    return { statusCode: isSlowed ? 503 : 400, body: JSON.stringify({ error: error.message }) };
  }
}
`;

/** The module of the function that reads. */
export const getFunction = ({ type, cache }: Added, { extension }: Style) => `\
import { FreshetError, readerFromEnvironment } from 'freshet-aws';
import ${contractsOf(cache)} from './contracts${extension}';

const reader = readerFromEnvironment({ boundary: ${contractsOf(cache)} });

interface Request {
  rawPath: string;
  requestContext: { http: { method: string } };
}

/** The request GET /ID reads the entity from the cache. The owner isn't called. */
export async function handler({ rawPath, requestContext }: Request) {
  if (requestContext.http.method !== 'GET') return { statusCode: 405, headers: { allow: 'GET' } };
  try {
    const found = await reader.get('${type}', decodeURIComponent(rawPath.slice(1)));
    if (found.status !== 'found') return { statusCode: 404, body: JSON.stringify({ status: found.status }) };
    return { statusCode: 200, body: JSON.stringify({ ...found.value, version: found.version }) };
  } catch (error) {
    if (!(error instanceof FreshetError || error instanceof URIError)) throw error;
    return { statusCode: 400, body: JSON.stringify({ error: error.message }) };
  }
}
`;
