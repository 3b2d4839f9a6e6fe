import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import type { Added, Style } from '../../../../cli/commands/init/added.ts';
import { checkAdded } from '../../../../cli/commands/init/questions.ts';
import { filesOf } from '../../../../cli/commands/init/templates.ts';
import { FreshetError } from '../../../../core/errors.ts';

const STYLE: Style = { isCommonJs: true, extension: '', sources: 'lib' };
const ADDED = { owner: 'geography', type: 'Country', cache: 'ordering' };

describe('the names of freshet init', () => {
  test.each([
    { owner: 'package', type: 'class', cache: 'return' },
    { owner: 'owner', type: 'z', cache: 'cache' },
    { owner: 'reader', type: 'keep', cache: 'owner' },
    { owner: 'put', type: 'defineBoundary', cache: 'get' },
    { owner: 'cloud', type: 'Object', cache: 'client' },
    { owner: 'stack', type: 'exports', cache: 'stack-contracts' },
  ] satisfies Added[])('the code for %j has each name once', async (added) => {
    checkAdded(added);
    for (const runner of ['jest', 'vitest', 'node:test'] as const) {
      for (const [file, code] of Object.entries(filesOf(added, STYLE, runner))) {
        await expect(transform(code, { loader: 'ts', format: 'esm', logLevel: 'silent' }), file).resolves.toBeDefined();
        const imports = code.matchAll(/^import (?:\* as )?(\w+) from/gm);
        const imported = [...imports].map(([, name]) => name);
        const declared = [...code.matchAll(/\b(?:const|class|interface|function) (\w+)/g)].map(([, name]) => name);
        expect({ file, twice: declared.filter((name) => imported.includes(name)) }).toEqual({ file, twice: [] });
        if (file.endsWith('contracts.ts')) expect(declared).toEqual([]);
      }
    }
  });

  test('two services whose names make the same class are refused', () => {
    expect(() => checkAdded({ ...ADDED, owner: 'order-1', cache: 'order1' })).toThrow(
      '--cache: too like the owner: "order1" and "order-1" would both have the class Order1Stack.',
    );
  });
});

interface Answer {
  readonly statusCode: number;
  readonly body?: string;
}
type Handler = (request: object) => Promise<Answer>;

/** Loads the module of a function. Its owner or its cache answers with `answer`. */
async function handlerOf(file: string, answer: (id: string) => unknown): Promise<Handler> {
  const source = filesOf(ADDED, STYLE, 'jest')[file] ?? '';
  const { code } = await transform(source, { loader: 'ts', format: 'cjs' });
  const called = async (_: string, id: string) => answer(id);
  const freshet = {
    FreshetError,
    ownerFromEnvironment: () => ({ put: called }),
    readerFromEnvironment: () => ({ get: called }),
  };
  const module: { exports: { handler?: Handler } } = { exports: {} };
  new Function('require', 'module', code)((name: string) => (name === 'freshet-aws' ? freshet : {}), module);
  return module.exports.handler ?? expect.fail('no handler');
}

const PUT = 'lib/geography/put-country.ts';
const GET = 'lib/ordering/get-country.ts';
const request = (method: string, rawPath: string, body?: string) => ({
  rawPath,
  body,
  isBase64Encoded: false,
  requestContext: { http: { method } },
});
const refuse = (code: 'InvalidEntityId' | 'Backpressure') => () => {
  throw new FreshetError('refused', { code, field: 'id' });
};

describe('the functions of freshet init', () => {
  test.each([
    ['a path that is not a URI', request('PUT', '/%', '{}'), 400, () => ({ version: 1 })],
    ['a body that is not JSON', request('PUT', '/a', '{'), 400, () => ({ version: 1 })],
    ['a state that the owner refuses', request('PUT', '/', '{}'), 400, refuse('InvalidEntityId')],
    ['a slowed owner', request('PUT', '/a', '{}'), 503, refuse('Backpressure')],
    ['another method', request('POST', '/a', '{}'), 405, () => ({ version: 1 })],
    ['a state', request('PUT', '/a', '{}'), 200, () => ({ version: 1 })],
  ])('the function that writes answers a request with %s', async (_, given, statusCode, answer) => {
    expect(await (await handlerOf(PUT, answer))(given)).toMatchObject({ statusCode });
  });

  test.each([
    ['a path that is not a URI', request('GET', '/%'), 400, () => ({ status: 'unknown' })],
    ['an id that is not valid', request('GET', '/'), 400, refuse('InvalidEntityId')],
    ['an unknown id', request('GET', '/a'), 404, () => ({ status: 'unknown' })],
    ['another method', request('DELETE', '/a'), 405, () => ({ status: 'found', value: {}, version: 1 })],
    ['a known id', request('GET', '/a'), 200, () => ({ status: 'found', value: {}, version: 1 })],
  ])('the function that reads answers a request with %s', async (_, given, statusCode, answer) => {
    expect(await (await handlerOf(GET, answer))(given)).toMatchObject({ statusCode });
  });

  test.each([PUT, GET])('an error that is not of the request fails the function %s', async (file) => {
    const broken = await handlerOf(file, () => {
      throw new TypeError('no table');
    });
    await expect(broken(request(file === PUT ? 'PUT' : 'GET', '/a', '{}'))).rejects.toThrow('no table');
  });
});
