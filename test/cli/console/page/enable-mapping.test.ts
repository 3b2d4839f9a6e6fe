import { expect, test } from 'vitest';
import { enableMappingCommands } from '../../../../cli/console/page/pure/enable-mapping.ts';

test('the mapping of a function on AWS is looked up by the name of the function, and enabled', () => {
  expect(enableMappingCommands('Shop-Projector', false)).toEqual([
    'aws lambda list-event-source-mappings --function-name Shop-Projector',
    'aws lambda update-event-source-mapping --uuid ID --enabled',
  ]);
});

test('the commands for the local cloud never reach AWS', () => {
  for (const command of enableMappingCommands('Shop-Projector', true))
    expect(command).toMatch(/ --endpoint-url "\$\(node -p /);
});
