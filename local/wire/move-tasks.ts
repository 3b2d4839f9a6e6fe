import type { Messaging } from '../fifo/messaging.ts';
import type { MoveTask } from '../fifo/move-tasks.ts';
import { defined, type Input, optionalInteger, optionalText, text } from './input.ts';

/** SQS StartMessageMoveTask. The task continues in the background. */
export function startMove(messaging: Messaging, input: Input): object {
  const optional = {
    destinationArn: optionalText(input, 'DestinationArn'),
    maxPerSecond: optionalInteger(input, 'MaxNumberOfMessagesPerSecond'),
  };
  const { handle } = messaging.moveTasks.start({ sourceArn: text(input, 'SourceArn'), ...defined(optional) });
  keepMoving(messaging);
  return { TaskHandle: handle };
}

/** SQS ListMessageMoveTasks. */
export function listMoves(messaging: Messaging, input: Input): object {
  const tasks = messaging.moveTasks.list(text(input, 'SourceArn'), optionalInteger(input, 'MaxResults') ?? 1);
  return { Results: tasks.map(taskAnswer) };
}

/** SQS CancelMessageMoveTask. */
export function cancelMove(messaging: Messaging, input: Input): object {
  return { ApproximateNumberOfMessagesMoved: messaging.moveTasks.cancel(text(input, 'TaskHandle')).moved };
}

/** Only a running task has a handle (sqs-api/API_ListMessageMoveTasksResultEntry). */
function taskAnswer({ handle, status, ...task }: MoveTask): object {
  return {
    ...(status === 'RUNNING' && { TaskHandle: handle }),
    Status: status,
    SourceArn: task.sourceArn,
    DestinationArn: task.destinationArn,
    MaxNumberOfMessagesPerSecond: task.maxPerSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failureReason,
    StartedTimestamp: task.startedAtMs,
  };
}

/** Moves the next message when it is due, until no task is running. The timer doesn't keep the process alive. */
function keepMoving(messaging: Messaging): void {
  const atMs = messaging.moveTasks.nextStepAtMs();
  if (atMs === undefined) return;
  const step = (): void => {
    messaging.moveTasks.advance();
    keepMoving(messaging);
  };
  setTimeout(step, Math.max(1, atMs - messaging.now())).unref();
}
