import type { LocalCloud } from '../../local/cloud.ts';
import { cacheIn, ownerIn } from '../../local/deployed.ts';
import catalogue from './catalogue.ts';
import { consumer } from './consumer.ts';
import { STACKS } from './stacks.ts';

/** Physical names of the resources that the comparison stops, slows and reads: the owner's and the first consumer's. */
export function namesIn(cloud: Pick<LocalCloud, 'outputs'>) {
  const output = (stack: string, name: string): string => {
    const value = cloud.outputs[stack]?.[name];
    if (value === undefined) throw new Error(`the stack ${stack} has no output ${name}`);
    return value;
  };
  const { table: ownerTable, relay } = ownerIn(cloud, catalogue);
  const { table: cacheTable, projector } = cacheIn(cloud, consumer(1));
  const listenerStack = `${STACKS.listener}1`;
  const api = output(STACKS.owner, 'ApiName');
  const page = (number: number) => output(`${STACKS.page}${number}`, 'PageName');
  return {
    ownerTable,
    cacheTable,
    api,
    page,
    copyTable: output(listenerStack, 'CopyTable'),
    deadLettersUrl: output(listenerStack, 'DeadLettersUrl'),
    ownersFunctions: [api, relay, output(STACKS.notifier, 'NotifierName')],
    consumersFunctions: [projector, output(listenerStack, 'ListenerName'), page(1)],
  };
}
