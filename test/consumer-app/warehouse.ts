import { defineBoundary, keep } from 'freshet-aws';
import geography from './geography.ts';

const Country = keep(geography.owns.Country, { fields: ['name'] });

export default defineBoundary(import.meta.url, { name: 'warehouse', caches: { Country } });
