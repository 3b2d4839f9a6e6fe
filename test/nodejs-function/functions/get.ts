import { readerFromEnvironment } from '../../../package/index.ts';
import voyage from '../contracts.ts';

const reader = readerFromEnvironment({ boundary: voyage });

export const handler = ({ id }: { readonly id: string }) => reader.get('Country', id);
