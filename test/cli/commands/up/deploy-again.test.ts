import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDeployAgain } from '../../../../cli/commands/up/deploy-again.ts';
import { localFileOf, localFilePath } from '../../../../cli/deployment/local-file.ts';
import type { LocalCloud } from '../../../../local/cloud.ts';

test('a deployment that Ctrl-C interrupts leaves no file of a local cloud that has ended', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'freshet-deploy-again-'));
  try {
    writeFileSync(join(cwd, 'cdk.json'), JSON.stringify({ app: 'true' }));
    const stop = new AbortController();
    const cloud = {
      endpoints: { sqs: 'http://127.0.0.1:1', dynamodb: 'http://127.0.0.1:2' },
      outputs: {},
      async apply() {
        stop.abort();
        return { done: [], left: [] };
      },
    } as unknown as LocalCloud;
    const { signal } = stop;
    const deployAgain = createDeployAgain({ cwd, env: process.env }, { cache: false }, cloud, {
      signal,
      file: localFileOf(cloud),
    });
    await expect(deployAgain()).rejects.toMatchObject({ name: 'AbortError' });
    expect(existsSync(localFilePath(cwd))).toBe(false);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
