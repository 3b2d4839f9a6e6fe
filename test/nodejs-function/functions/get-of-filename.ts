import { defineBoundary, keep, readerFromEnvironment } from '../../../package/index.ts';
import { atlas } from '../contracts.ts';

// The contracts of a CommonJS app name their module so.
const voyage = defineBoundary(__filename, { name: 'voyage', caches: { Country: keep(atlas.owns.Country) } });
const reader = readerFromEnvironment({ boundary: voyage });

export const handler = ({ id }: { readonly id: string }) => reader.get('Country', id);
