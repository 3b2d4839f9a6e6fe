import type { Command } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { waitingLine } from '../../cli/backpressure.ts';
import { costCommand } from '../../cli/cost/command.ts';
import { deleteCommand } from '../../cli/delete.ts';
import { EXIT, reportError } from '../../cli/errors.ts';
import { getCommand } from '../../cli/get.ts';
import { importCommand } from '../../cli/import/command.ts';
import { putCommand } from '../../cli/put.ts';
import { statusCommand } from '../../cli/status/command.ts';
import { watchCommand } from '../../cli/watch/command.ts';
import { BackpressureError } from '../../core/govern/admit.ts';
import type { FlowDecision } from '../../core/govern/decide.ts';

const refusing: FlowDecision = {
  ...{ state: 'refusing', cause: { cache: 'ordering', backlog: 61_000, drainSeconds: 240 }, retryAfterSeconds: 90 },
  ...{ levels: {}, missing: [], decidedAtMs: 0, validUntilMs: 1 },
};

describe('an option that is given wrong', () => {
  test.each<[() => Command, readonly string[], readonly string[]]>([
    [statusCommand, ['--since', 'long'], ['--since: not a span of time: "long"', '90s, 10m, 1h, 2d']],
    [statusCommand, ['--since', '59s'], ['--since: given: 59s', '1m to 15d']],
    [statusCommand, ['--since', '16d'], ['--since: given: 16d', '1m to 15d']],
    [statusCommand, ['--stack', 'a b'], ['--stack: not a stack\'s name: "a b"', 'letters, digits and hyphens']],
    [statusCommand, ['--stack', 'A,'], ['--stack: not a stack\'s name: ""', "the stack's ARN"]],
    [statusCommand, ['--stack', 'A', '--region', 'Europe'], ['--region: not a region: "Europe"', 'eu-central-1']],
    [statusCommand, ['--region', 'eu-central-1'], ['--region: goes with --stack']],
    [watchCommand, ['--region', 'eu-central-1'], ['--region: goes with --stack']],
    [watchCommand, ['--interval', '0s'], ['--interval: given: 0s', '1s to 1h']],
    [watchCommand, ['--interval', '1'], ['--interval: not a span of time: "1"']],
    [watchCommand, ['--count', '0'], ['--count: not such a number: "0"', 'from 1 to']],
    [getCommand, ['C', 'T', 'x', '--max-staleness', '5'], ['--max-staleness: not a span of time: "5"', '90s, 10m']],
    [getCommand, ['C', 'T', 'x', '--at-least-version', '0'], ['--at-least-version: not a version: "0"', 'from 1']],
    [putCommand, ['T', 'x', '--max-wait', '-1s'], ['--max-wait: not a span of time: "-1s"', '90s, 10m, 1h, 2d']],
    [deleteCommand, ['T', 'x', '--max-wait', 'no'], ['--max-wait: not a span of time: "no"']],
    [importCommand, ['T', 'f', '--id', 'i', '--max-wait', '5'], ['--max-wait: not a span of time: "5"']],
    [costCommand, ['--events', '0'], ['--events: not such a number: "0"', 'from 1 to 1000000000000']],
    [costCommand, ['--events', '1000000000001'], ['--events: not such a number: "1000000000001"']],
    [costCommand, ['--events', '1e6'], ['--events: not such a number: "1e6"']],
    [costCommand, ['--caches', '21'], ['--caches: not such a number: "21"', 'from 1 to 20']],
    [costCommand, ['--bytes', '63'], ['--bytes: not such a number: "63"', 'from 64 to 253952']],
    [costCommand, ['--bytes', '253953'], ['--bytes: not such a number: "253953"']],
  ])('is refused with what is allowed: %o %j', async (command, args, expected) => {
    const parsed = command()
      .exitOverride()
      .parseAsync([...args], { from: 'user' });
    await expect(parsed).rejects.toMatchObject({ name: 'UsageError' });
    for (const part of expected) await expect(parsed).rejects.toThrow(part);
  });
});

describe('a write that a cache holds up', () => {
  test('ends with an exit code of its own when it is refused', () => {
    const error = new BackpressureError({ type: 'Currency', id: 'X' }, refusing, 90, 0);
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(reportError(error, false)).toBe(EXIT.backpressure);
    expect(printed).toHaveBeenCalledExactlyOnceWith(`error: ${error.message}\n`);
    printed.mockRestore();
    expect(EXIT.backpressure).toBe(75);
  });

  test('says what it waits for', () => {
    expect(waitingLine(refusing)).toBe(
      'waiting: cache ordering lags by 61,000 events, drained in 4m; writes are refused, the next try is in about 1m',
    );
    const cause = { cache: 'ordering', backlog: 31_000, drainSeconds: null };
    expect(waitingLine({ ...refusing, state: 'paced', pacePerSecond: 40, cause })).toBe(
      'waiting: cache ordering lags by 31,000 events, no end in sight; writes are slowed to 40/s',
    );
  });
});
