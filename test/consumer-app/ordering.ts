import { defineBoundary, keep } from 'freshet-aws';
import geography from './geography.ts';

const Country = keep(geography.owns.Country, { indexes: { region: 'region' } });

export default defineBoundary(import.meta.url, { name: 'ordering', caches: { Country } });
