import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, test } from 'vitest';
import { iamToken } from '../../../adapters/postgres/iam-token.ts';

type Data = string | ArrayBuffer | ArrayBufferView;

/** The hash that the SDK's signer takes. */
class Sha256 {
  private readonly hash;
  constructor(secret?: Data) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: Data): void {
    this.hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {}
}

function bytesOf(data: Data): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(new Uint8Array(data));
}

const to = { host: 'db.example.com', port: 5432, user: "parts_relay'(1)", region: 'eu-west-1' };
const nowMs = Date.parse('2026-12-01T12:34:56.789Z');

test.each([
  undefined,
  'a/session+token==',
])('a token is the one that the SDK signs, with the session token %s', async (sessionToken) => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', ...(sessionToken && { sessionToken }) };
  const signer = new SignatureV4({ credentials, region: to.region, service: 'rds-db', sha256: Sha256 });
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: to.host,
      port: to.port,
      path: '/',
      headers: { host: `${to.host}:${to.port}` },
      query: { Action: 'connect', DBUser: to.user },
    },
    { expiresIn: 900, signingDate: new Date(nowMs) },
  );
  const token = new URL(`https://${iamToken({ ...to, nowMs }, credentials)}`);
  expect(token.host).toBe(`${to.host}:${to.port}`);
  expect(Object.fromEntries(token.searchParams)).toEqual(signed.query);
});
