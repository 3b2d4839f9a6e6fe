import { Agent, request } from 'node:http';

/** An error that the engine returned, with DynamoDB's error code, for example `ResourceInUseException`. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Calls the engine in DynamoDB's JSON protocol. A call takes a quarter of the time that the SDK takes, which matters
 * for polling streams.
 */
export interface EngineClient {
  /**
   * Throws an {@link EngineError} if the engine refuses the request.
   * @param target service version and operation, for example `DynamoDB_20120810.ListTables`
   */
  call<Output>(target: string, input: object): Promise<Output>;
  /** Closes the open connections. */
  close(): void;
}

/** Engines read this header but don't verify the signature. */
const SIGNATURE = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local',
  'x-amz-date': '20260101T000000Z',
};

/** Creates a client for the engine at `url`. It keeps its connections open. */
export function createEngineClient(url: string): EngineClient {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, noDelay: true });

  async function call<Output>(target: string, input: object): Promise<Output> {
    const body = Buffer.from(JSON.stringify(input));
    const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        ...SIGNATURE,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': target,
        'content-length': body.length,
      };
      const outgoing = request({ hostname, port, agent, method: 'POST', path: '/', headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', reject);
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
    if (status === 200) return JSON.parse(text) as Output;
    throw toError(target, status, text);
  }

  return { call, close: () => agent.destroy() };
}

function toError(target: string, status: number, text: string): EngineError {
  let answer: { __type?: string; message?: string; Message?: string } = {};
  try {
    answer = JSON.parse(text);
  } catch {
    answer = { message: text };
  }
  const code = answer.__type?.split('#').at(-1) ?? `Http${status}`;
  return new EngineError(code, `${target} was refused with ${code}: ${answer.message ?? answer.Message ?? status}`);
}
