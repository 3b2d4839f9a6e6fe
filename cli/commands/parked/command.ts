import { Command } from 'commander';
import type { CommandIo } from '../../io.ts';
import { discardCommand } from './discard.ts';
import { listCommand } from './list.ts';
import { redriveCommand } from './redrive.ts';
import { showCommand } from './show.ts';

/** `freshet parked`: lists, shows, redrives and discards parked and held events. */
export function parkedCommand(io: CommandIo): Command {
  return new Command('parked')
    .summary('list, show, redrive or discard parked events')
    .description(
      'Lists, shows, redrives or discards parked and held events. A cache parks events that it cannot apply, that ' +
        'the topic could not deliver, or that crashed the projector. An owner parks records that it cannot publish. ' +
        'A queue of facts parks facts whose handler failed until all retries were used up, and messages that are ' +
        'not facts.',
    )
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(redriveCommand(io))
    .addCommand(discardCommand(io));
}
