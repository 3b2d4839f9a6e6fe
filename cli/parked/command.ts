import { Command } from 'commander';
import { discardCommand } from './discard.ts';
import { listCommand } from './list.ts';
import { redriveCommand } from './redrive.ts';
import { showCommand } from './show.ts';

/** `freshet parked`: what was set aside, and what becomes of it. */
export function parkedCommand(): Command {
  return new Command('parked')
    .summary('list, show, redrive or discard events that were set aside')
    .description(
      'Operates on events that are set aside: at a cache what could not be applied, what the topic could not deliver and what crashed the ' +
        'projector; at an owner what could not be published; at a queue of facts what its handler failed on until its budget was used up, and what is no fact.',
    )
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(redriveCommand())
    .addCommand(discardCommand());
}
