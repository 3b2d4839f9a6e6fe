import { invalidValue, MessagingError } from './errors.ts';
import { MAX_LISTED_MOVE_TASKS, MAX_MOVES_PER_SECOND } from './limits.ts';
import type { Queue } from './queue.ts';
import type { StoredMessage } from './stored-message.ts';

/** What to move: everything visible on a dead-letter queue, back to where it came from or to another queue. */
export interface MoveInput {
  readonly sourceArn: string;
  /** @default - each message's original queue */
  readonly destinationArn?: string;
  /** 1 to 500. @default - all at once */
  readonly maxPerSecond?: number;
}

/** A move of messages, as it stands (sqs-api/API_ListMessageMoveTasksResultEntry). */
export interface MoveTask extends MoveInput {
  readonly handle: string;
  readonly startedAtMs: number;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly moved: number;
  /** Visible messages when the task started. */
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

/** The redrives of one account; they go on whenever `advance` is called. */
export class MoveTasks {
  readonly #context: MoveContext;
  readonly #tasks: MoveTask[] = [];

  constructor(context: MoveContext) {
    this.#context = context;
  }

  /** Starts a move (sqs-api/API_StartMessageMoveTask): what may be moved at once has been moved on return. */
  start(input: MoveInput): MoveTask {
    const { now, newId } = this.#context;
    const source = this.#checkStart(input);
    const counts = { moved: 0, toMove: source.counts().visible };
    this.#tasks.push({ ...input, handle: newId(), startedAtMs: now(), status: 'RUNNING', ...counts });
    this.advance();
    return this.#tasks.at(-1) as MoveTask;
  }

  /** The latest moves from a queue, newest first (sqs-api/API_ListMessageMoveTasks). @param max 1 to 10 */
  list(sourceArn: string, max = 1): MoveTask[] {
    if (!(Number.isInteger(max) && max >= 1 && max <= MAX_LISTED_MOVE_TASKS))
      throw invalidValue(`Value ${max} for parameter MaxResults is invalid. Allowed: 1 to ${MAX_LISTED_MOVE_TASKS}.`);
    this.#require('SourceArn', sourceArn);
    this.advance();
    return this.#tasks
      .filter((task) => task.sourceArn === sourceArn)
      .reverse()
      .slice(0, max);
  }

  /** Ends a running move; what was moved stays moved (sqs-api/API_CancelMessageMoveTask). */
  cancel(handle: string): MoveTask {
    this.advance();
    const at = this.#tasks.findIndex((task) => task.handle === handle);
    const task = this.#tasks[at];
    if (task === undefined)
      throw new MessagingError('ResourceNotFoundException', `There is no task of this TaskHandle: ${handle}`);
    if (task.status !== 'RUNNING')
      throw invalidValue(`Only active tasks can be cancelled. This one is ${task.status}.`);
    const cancelled: MoveTask = { ...task, status: 'CANCELLED' };
    this.#tasks[at] = cancelled;
    return cancelled;
  }

  /** Moves what is due by now. */
  advance(): void {
    for (const [at, task] of this.#tasks.entries()) if (task.status === 'RUNNING') this.#tasks[at] = this.#step(task);
  }

  /** When the next message is due to be moved, in milliseconds since the epoch; nothing if no move is running. */
  nextStepAtMs(): number | undefined {
    const running = this.#tasks.filter(({ status }) => status === 'RUNNING');
    if (running.length === 0) return undefined;
    return Math.min(...running.map((task) => task.startedAtMs + ((task.moved + 1) * 1000) / (task.maxPerSecond ?? 1)));
  }

  #step(task: MoveTask): MoveTask {
    const { startedAtMs, maxPerSecond } = task;
    const source = this.#context.findQueue(task.sourceArn);
    if (source === undefined) return { ...task, status: 'FAILED', failureReason: NO_QUEUE };
    const elapsedMs = this.#context.now() - startedAtMs;
    const due = maxPerSecond === undefined ? Number.POSITIVE_INFINITY : Math.floor((elapsedMs * maxPerSecond) / 1000);
    let { moved } = task;
    const messages = source.visibleMessages().sort(byAge);
    for (const message of messages.slice(0, Math.max(0, due - moved))) {
      const destinationArn = task.destinationArn ?? message.deadLetterSourceArn;
      if (destinationArn === undefined) return { ...task, moved, status: 'FAILED', failureReason: NO_SOURCE };
      const destination = this.#context.findQueue(destinationArn);
      if (destination === undefined) return { ...task, moved, status: 'FAILED', failureReason: NO_QUEUE };
      source.redrive(message, destination);
      moved += 1;
    }
    const isDone = moved - task.moved === messages.length;
    return { ...task, moved, status: isDone ? 'COMPLETED' : 'RUNNING' };
  }

  #checkStart({ sourceArn, destinationArn, maxPerSecond = 1 }: MoveInput): Queue {
    const source = this.#require('SourceArn', sourceArn);
    const isDeadLetterQueue = this.#context
      .listQueues()
      .some(({ settings }) => settings.redrive?.deadLetterTargetArn === source.arn);
    if (!isDeadLetterQueue) throw invalidValue(`SourceArn must be the dead-letter queue of an SQS queue: ${sourceArn}`);
    if (destinationArn !== undefined) {
      const destination = this.#require('DestinationArn', destinationArn);
      if (destination.isFifo !== source.isFifo || destination === source)
        throw invalidValue(`DestinationArn must be another queue of the same type as ${sourceArn}: ${destinationArn}`);
    }
    if (!(Number.isInteger(maxPerSecond) && maxPerSecond >= 1 && maxPerSecond <= MAX_MOVES_PER_SECOND)) {
      const allowed = `Allowed: 1 to ${MAX_MOVES_PER_SECOND}.`;
      throw invalidValue(`Value ${maxPerSecond} for parameter MaxNumberOfMessagesPerSecond is invalid. ${allowed}`);
    }
    if (this.list(sourceArn)[0]?.status === 'RUNNING')
      throw invalidValue(
        `There is already a task running. Only one active task is allowed for ${sourceArn} at a time.`,
      );
    return source;
  }

  #require(parameter: string, arn: string): Queue {
    const queue = this.#context.findQueue(arn);
    if (queue !== undefined && queue.arn === arn) return queue;
    throw new MessagingError('ResourceNotFoundException', `The queue of ${parameter} does not exist: ${arn}`);
  }
}

const NO_QUEUE = 'AWS.SimpleQueueService.NonExistentQueue';
const NO_SOURCE = 'CouldNotDetermineMessageSource';

/** Oldest first (sqs/sqs-configure-dead-letter-queue-redrive): by their numbers on a FIFO queue, else by their times. */
function byAge(a: StoredMessage, b: StoredMessage): number {
  if (a.sequenceNumber === undefined || b.sequenceNumber === undefined) return a.sentAtMs - b.sentAtMs;
  return a.sequenceNumber < b.sequenceNumber ? -1 : 1;
}
