import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod/mini';
import { required } from '../../../lambdas/environment.ts';
import { CALL_TIMEOUT_MS } from '../times.ts';

/** The owner's answer. A deleted entity has no value. */
const ownersAnswer = z.object({ version: z.int(), changedAt: z.string(), value: z.optional(z.unknown()) });

/** An entity of the owner, or a copy of it. */
export type Entity = z.infer<typeof ownersAnswer>;

const url = new URL(required('OWNER_URL'));
const signer = new SignatureV4({
  service: 'lambda',
  region: required('AWS_REGION'),
  credentials: {
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(process.env.AWS_SESSION_TOKEN && { sessionToken: process.env.AWS_SESSION_TOKEN }),
  },
  sha256: Hash.bind(null, 'sha256'),
});

/** Asks the owner once. Returns undefined if the entity never existed. Throws if no answer comes in time. */
export async function callOwner(type: string, id: string): Promise<Entity | undefined> {
  const path = `/${encodeURIComponent(type)}/${encodeURIComponent(id)}`;
  const { headers } = await signer.sign({
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    path,
    headers: { host: url.host },
  });
  const response = await fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  if (response.status === 404) return undefined;
  if (response.status !== 200 && response.status !== 410)
    throw new Error(`the owner answered with the status ${response.status}`);
  return ownersAnswer.parse(await response.json());
}
