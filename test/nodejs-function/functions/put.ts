import { ownerFromEnvironment } from '../../../package/index.ts';
import { atlas } from '../contracts.ts';

const owner = ownerFromEnvironment({ boundary: atlas });

export const handler = ({ id, name }: { readonly id: string; readonly name: string }) =>
  owner.put('Country', id, { name });
