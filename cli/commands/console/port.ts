import { Option } from 'commander';
import { DEFAULT_PORT } from '../../console/default-port.ts';
import { integerOf } from '../../options/parse.ts';

/** Lower ports need rights that the console must not have. */
const [MIN_PORT, MAX_PORT] = [1_024, 65_535];

/** The option that names a console's port. @param flags such as `--port <n>` */
export function portOption(flags: string): Option {
  const [name = flags] = flags.split(' ');
  const option = new Option(flags, `the console's port; default: ${DEFAULT_PORT}, or a free port if it is taken`);
  return option.argParser(integerOf(name, MIN_PORT, MAX_PORT));
}
