import { invalidValue, MessagingError } from './errors.ts';
import { MAX_LISTED_MOVE_TASKS, MAX_MOVES_PER_SECOND } from './limits.ts';
import type { Queue } from './queue.ts';
import type { StoredMessage } from './stored-message.ts';

/** A move of all visible messages of a dead-letter queue, back to their original queues or to another queue. */
export interface MoveInput {
  readonly sourceArn: string;
  /** @default - each message's original queue */
  readonly destinationArn?: string;
  /** 1 to 500. @default - all at once */
  readonly maxPerSecond?: number;
}

/** The state of a move (sqs-api/API_ListMessageMoveTasksResultEntry). */
export interface MoveTask extends MoveInput {
  readonly handle: string;
  readonly startedAtMs: number;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly moved: number;
  /** The number of visible messages when the task started. */
  readonly toMove: number;
  readonly failureReason?: string;
}

/** What moving needs from its surroundings. */
export interface MoveContext {
  readonly now: () => number;
  readonly newId: () => string;
  readonly findQueue: (arn: string) => Queue | undefined;
  readonly listQueues: () => readonly Queue[];
}

/** The move tasks of one account. They progress whenever `advance` is called. */
export interface MoveTasks {
  /** Starts a move (sqs-api/API_StartMessageMoveTask) and at once moves as many messages as the rate allows. */
  start(input: MoveInput): MoveTask;
  /** The latest moves from a queue, newest first (sqs-api/API_ListMessageMoveTasks). @param max 1 to 10. Default 1 */
  list(sourceArn: string, max?: number): MoveTask[];
  /** Ends a running move. Moved messages stay moved (sqs-api/API_CancelMessageMoveTask). */
  cancel(handle: string): MoveTask;
  /** Moves the messages that are due. */
  advance(): void;
  /** When the next message is due to be moved, in milliseconds since the epoch; undefined if no move is running. */
  nextStepAtMs(): number | undefined;
}

const NO_QUEUE = 'AWS.SimpleQueueService.NonExistentQueue';
const NO_SOURCE = 'CouldNotDetermineMessageSource';

export function createMoveTasks(context: MoveContext): MoveTasks {
  const { now, newId, findQueue, listQueues } = context;
  const tasks: MoveTask[] = [];

  function advance(): void {
    for (const [at, task] of tasks.entries()) if (task.status === 'RUNNING') tasks[at] = step(task, context);
  }

  function queueOf(parameter: string, arn: string): Queue {
    const queue = findQueue(arn);
    if (queue !== undefined && queue.arn === arn) return queue;
    throw new MessagingError('ResourceNotFoundException', `The queue of ${parameter} does not exist: ${arn}`);
  }

  function list(sourceArn: string, max = 1): MoveTask[] {
    if (!(Number.isInteger(max) && max >= 1 && max <= MAX_LISTED_MOVE_TASKS))
      throw invalidValue(`Value ${max} for parameter MaxResults is invalid. Allowed: 1 to ${MAX_LISTED_MOVE_TASKS}.`);
    queueOf('SourceArn', sourceArn);
    advance();
    return tasks
      .filter((task) => task.sourceArn === sourceArn)
      .reverse()
      .slice(0, max);
  }

  function checkStart({ sourceArn, destinationArn, maxPerSecond = 1 }: MoveInput): Queue {
    const source = queueOf('SourceArn', sourceArn);
    if (!listQueues().some((queue) => queue.settings().redrive?.deadLetterTargetArn === source.arn))
      throw invalidValue(`SourceArn must be the dead-letter queue of an SQS queue: ${sourceArn}`);
    if (destinationArn !== undefined) checkDestination(source, queueOf('DestinationArn', destinationArn));
    if (!(Number.isInteger(maxPerSecond) && maxPerSecond >= 1 && maxPerSecond <= MAX_MOVES_PER_SECOND)) {
      const allowed = `Allowed: 1 to ${MAX_MOVES_PER_SECOND}.`;
      throw invalidValue(`Value ${maxPerSecond} for parameter MaxNumberOfMessagesPerSecond is invalid. ${allowed}`);
    }
    if (list(sourceArn)[0]?.status === 'RUNNING')
      throw invalidValue(
        `There is already a task running. Only one active task is allowed for ${sourceArn} at a time.`,
      );
    return source;
  }

  return {
    start(input) {
      const source = checkStart(input);
      const counts = { moved: 0, toMove: source.counts().visible };
      tasks.push({ ...input, handle: newId(), startedAtMs: now(), status: 'RUNNING', ...counts });
      advance();
      return tasks.at(-1) as MoveTask;
    },
    list,
    cancel(handle) {
      advance();
      const at = tasks.findIndex((task) => task.handle === handle);
      const task = tasks[at];
      if (task === undefined)
        throw new MessagingError('ResourceNotFoundException', `There is no task with this TaskHandle: ${handle}`);
      if (task.status !== 'RUNNING')
        throw invalidValue(`Only active tasks can be cancelled. This one is ${task.status}.`);
      const cancelled: MoveTask = { ...task, status: 'CANCELLED' };
      tasks[at] = cancelled;
      return cancelled;
    },
    advance,
    nextStepAtMs() {
      const running = tasks.filter(({ status }) => status === 'RUNNING');
      if (running.length === 0) return undefined;
      return Math.min(
        ...running.map((task) => task.startedAtMs + ((task.moved + 1) * 1000) / (task.maxPerSecond ?? 1)),
      );
    },
  };
}

function checkDestination(source: Queue, destination: Queue): void {
  if (destination.isFifo === source.isFifo && destination !== source) return;
  throw invalidValue(`DestinationArn must be another queue of the same type as ${source.arn}: ${destination.arn}`);
}

/** Moves the messages that are due, and returns the updated task. */
function step(task: MoveTask, { now, findQueue }: MoveContext): MoveTask {
  const { startedAtMs, maxPerSecond } = task;
  const source = findQueue(task.sourceArn);
  if (source === undefined) return { ...task, status: 'FAILED', failureReason: NO_QUEUE };
  const elapsedMs = now() - startedAtMs;
  const due = maxPerSecond === undefined ? Number.POSITIVE_INFINITY : Math.floor((elapsedMs * maxPerSecond) / 1000);
  let { moved } = task;
  const messages = source.visibleMessages().sort(byAge);
  for (const message of messages.slice(0, Math.max(0, due - moved))) {
    const destinationArn = task.destinationArn ?? message.deadLetterSourceArn;
    if (destinationArn === undefined) return { ...task, moved, status: 'FAILED', failureReason: NO_SOURCE };
    const destination = findQueue(destinationArn);
    if (destination === undefined) return { ...task, moved, status: 'FAILED', failureReason: NO_QUEUE };
    source.redrive(message, destination);
    moved += 1;
  }
  const isDone = moved - task.moved === messages.length;
  return { ...task, moved, status: isDone ? 'COMPLETED' : 'RUNNING' };
}

/**
 * Oldest first (sqs/sqs-configure-dead-letter-queue-redrive): a FIFO queue by sequence number, a standard queue by
 * time.
 */
function byAge(a: StoredMessage, b: StoredMessage): number {
  if (a.sequenceNumber === undefined || b.sequenceNumber === undefined) return a.sentAtMs - b.sentAtMs;
  return a.sequenceNumber < b.sequenceNumber ? -1 : 1;
}
