import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { costCommand } from '../../../cli/commands/cost/command.ts';
import { deleteCommand } from '../../../cli/commands/delete.ts';
import { getCommand } from '../../../cli/commands/get.ts';
import { importCommand } from '../../../cli/commands/import/command.ts';
import { putCommand } from '../../../cli/commands/put.ts';
import { statusCommand } from '../../../cli/commands/status/command.ts';
import { watchCommand } from '../../../cli/commands/watch/command.ts';
import { waitingLine } from '../../../cli/deployment/waits.ts';
import { EXIT, reportError } from '../../../cli/errors.ts';
import type { CommandIo } from '../../../cli/io.ts';
import { BackpressureError } from '../../../core/govern/admit.ts';
import type { FlowDecision } from '../../../core/govern/decide.ts';
import { commandIo } from '../../support/command-io.ts';

const refusing: FlowDecision = {
  state: 'refusing',
  cause: { cache: 'ordering', backlog: 61_000, drainSeconds: 240 },
  retryAfterSeconds: 90,
  levels: {},
  missing: [],
  decidedAtMs: 0,
  validUntilMs: 1,
};

describe('options', () => {
  test.each<[(io: CommandIo) => Command, readonly string[], readonly string[]]>([
    [statusCommand, ['--since', 'long'], ['--since: not a duration: "long"', '90s, 10m, 1h, 2d']],
    [statusCommand, ['--since', '59s'], ['--since: given: 59s', '1m to 15d']],
    [statusCommand, ['--since', '16d'], ['--since: given: 16d', '1m to 15d']],
    [statusCommand, ['--stack', 'a b'], ['--stack: not a stack name: "a b"', 'letters, digits and hyphens']],
    [statusCommand, ['--stack', 'A,'], ['--stack: not a stack name: ""', 'the ARN of a stack']],
    [statusCommand, ['--stack', 'A', '--region', 'Europe'], ['--region: not a region: "Europe"', 'eu-central-1']],
    [statusCommand, ['--region', 'eu-central-1'], ['--region: needs --stack']],
    [watchCommand, ['--region', 'eu-central-1'], ['--region: needs --stack']],
    [watchCommand, ['--interval', '0s'], ['--interval: given: 0s', '1s to 1h']],
    [watchCommand, ['--interval', '1'], ['--interval: not a duration: "1"']],
    [watchCommand, ['--count', '0'], ['--count: given: "0"', 'from 1 to']],
    [getCommand, ['C', 'T', 'x', '--max-staleness', '5'], ['--max-staleness: not a duration: "5"', '90s, 10m']],
    [getCommand, ['C', 'T', 'x', '--at-least-version', '0'], ['--at-least-version: not a version: "0"', '1 or more']],
    [putCommand, ['T', 'x', '--max-wait', '-1s'], ['--max-wait: not a duration: "-1s"', '90s, 10m, 1h, 2d']],
    [deleteCommand, ['T', 'x', '--max-wait', 'no'], ['--max-wait: not a duration: "no"']],
    [importCommand, ['T', 'f', '--id', 'i', '--max-wait', '5'], ['--max-wait: not a duration: "5"']],
    [costCommand, ['--events', '0'], ['--events: given: "0"', 'from 1 to 1000000000000']],
    [costCommand, ['--events', '1000000000001'], ['--events: given: "1000000000001"']],
    [costCommand, ['--events', '1e6'], ['--events: given: "1e6"']],
    [costCommand, ['--caches', '21'], ['--caches: given: "21"', 'from 1 to 20']],
    [costCommand, ['--bytes', '63'], ['--bytes: given: "63"', 'from 64 to 253952']],
    [costCommand, ['--bytes', '253953'], ['--bytes: given: "253953"']],
  ])('%o refuses %j and says what is allowed', async (command, args, expected) => {
    const parsed = command(commandIo())
      .exitOverride()
      .parseAsync([...args], { from: 'user' });
    await expect(parsed).rejects.toMatchObject({ name: 'UsageError' });
    for (const part of expected) await expect(parsed).rejects.toThrow(part);
  });
});

describe('flow control', () => {
  test('a refused write has an exit code of its own', () => {
    const error = new BackpressureError({ type: 'Currency', id: 'X' }, refusing, 90, 0);
    const io = commandIo();
    expect(reportError(io, error, false)).toBe(EXIT.backpressure);
    expect(io.err()).toBe(`error: ${error.message}\n`);
    expect(EXIT.backpressure).toBe(75);
  });

  test('a waiting write says what it waits for', () => {
    expect(waitingLine(refusing)).toBe(
      'waiting: cache ordering lags by 61,000 events, drained in 4m; writes are refused, the next try is in about 1m',
    );
    const cause = { cache: 'ordering', backlog: 31_000, drainSeconds: null };
    expect(waitingLine({ ...refusing, state: 'paced', pacePerSecond: 40, cause })).toBe(
      'waiting: cache ordering lags by 31,000 events, no end in sight; writes are slowed to 40/s',
    );
  });
});
