import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type WatchedProcess, watchProcess } from '../../cli/process-io.ts';

function fakeProcess() {
  const exits: (number | undefined)[] = [];
  const [stdout, stderr] = [new EventEmitter(), new EventEmitter()];
  const fake = Object.assign(new EventEmitter(), { stdout, stderr, exit: (code?: number) => exits.push(code ?? 0) });
  return { fake, exits, ...watchProcess(fake as unknown as WatchedProcess) };
}

const closed = (code = 'EPIPE') => Object.assign(new Error(`write ${code}`), { code });

describe('what interrupts a command', () => {
  test('a reader that closes standard output interrupts the command once, which then ends with exit code 0', () => {
    const { fake, exits, onSignal, exitCodeOf } = fakeProcess();
    let interrupts = 0;
    onSignal(['SIGINT'], () => {
      interrupts += 1;
    });
    fake.stdout.emit('error', closed());
    fake.stdout.emit('error', closed());
    expect({ interrupts, exits, code: exitCodeOf(130) }).toEqual({ interrupts: 1, exits: [], code: 0 });
    expect(exitCodeOf(1)).toBe(1);
  });

  test('a command that starts after its reader has gone is interrupted at once', () => {
    const { fake, onSignal } = fakeProcess();
    fake.stdout.emit('error', closed());
    let isInterrupted = false;
    onSignal(['SIGINT'], () => {
      isInterrupted = true;
    });
    expect(isInterrupted).toBe(true);
  });

  test('a reader that closes standard error does not interrupt the command', () => {
    const { fake, onSignal, exitCodeOf } = fakeProcess();
    let isInterrupted = false;
    onSignal(['SIGINT'], () => {
      isInterrupted = true;
    });
    fake.stderr.emit('error', closed());
    expect({ isInterrupted, code: exitCodeOf(130) }).toEqual({ isInterrupted: false, code: 130 });
    expect(() => fake.stdout.emit('error', closed('EIO'))).toThrow('EIO');
  });

  test('the first signal interrupts the command, and the second ends the process', () => {
    const { fake, exits, onSignal } = fakeProcess();
    let interrupts = 0;
    const off = onSignal(['SIGINT'], () => {
      interrupts += 1;
    });
    fake.emit('SIGINT');
    expect({ interrupts, exits }).toEqual({ interrupts: 1, exits: [] });
    fake.emit('SIGINT');
    expect(exits).toEqual([130]);
    off();
    expect(fake.listenerCount('SIGINT')).toBe(0);
  });
});
