import type { OwnedTypeDocument } from '../../api/documents.ts';
import { Badge, type Tone } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { apiPath, routeTo } from '../pure/route.ts';

const TONES: ReadonlyMap<string, Tone> = new Map([
  ['reference', 'water'],
  ['transactional', 'warn'],
  ['personal', 'bad'],
]);

/** The kind of data of a type or a field. */
export function Classification({ name }: { readonly name: string }) {
  return <Badge tone={TONES.get(name) ?? 'calm'}>{name}</Badge>;
}

/** An entity type with its fields, and who keeps which of them. */
export function OwnedType({ of, text }: { readonly of: OwnedTypeDocument; readonly text: string }) {
  const { type, schemaVersion, deltas, classification, publishedBecause, fields, keptBy } = of;
  const wanted = text.trim().toLowerCase();
  const hasField = wanted !== '' && fields.some(({ path }) => path.toLowerCase().includes(wanted));
  return (
    <section class="owned">
      <header>
        <h3>
          <a href={routeTo('entities', { type })}>{type}</a>
        </h3>
        <Classification name={classification} />
        <span class="dim">
          schema version {schemaVersion}
          {deltas && ', publishes deltas'}
        </span>
        <a class="button small" href={apiPath('/api/contracts/schema', { type })} download={`${type}.schema.json`}>
          <Icon name="load" /> JSON Schema <span class="hidden">of {type}</span>
        </a>
      </header>
      {publishedBecause !== null && <p class="dim">Published because: {publishedBecause}</p>}
      <ul class="chips" aria-label={`Caches that keep ${type}`}>
        {keptBy.map(({ cache, fields: kept }) => (
          <li key={cache}>
            <a
              class="chip"
              href={routeTo('flow', { at: `cache/${cache}` })}
              title={kept === null ? 'all fields' : kept.join(', ')}
            >
              {cache}: {kept === null ? 'all fields' : `${kept.length} ${kept.length === 1 ? 'field' : 'fields'}`}
            </a>
          </li>
        ))}
        {keptBy.length === 0 && <li class="dim">no cache here keeps it</li>}
      </ul>
      {fields.length === 0 ? (
        <p class="dim">The schema can't describe its fields.</p>
      ) : (
        <details open={hasField}>
          <summary>{fields.length === 1 ? '1 field' : `${fields.length} fields`}</summary>
          <Fields of={of} />
        </details>
      )}
    </section>
  );
}

function Fields({ of: { type, fields, keptBy } }: { readonly of: OwnedTypeDocument }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
    <section class="table-scroll" tabIndex={0} aria-label={`Fields of ${type}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">field</th>
            <th scope="col">type</th>
            <th scope="col">data</th>
            <th scope="col">kept by</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(({ path, type: of, isRequired, classification, publishedBecause, description }) => (
            <tr key={path}>
              <th scope="row">
                <code>{path}</code>
                {description !== null && <p class="dim">{description}</p>}
              </th>
              <td>
                {of}
                {!isRequired && <span class="dim"> optional</span>}
              </td>
              <td>
                <Classification name={classification} />
                {publishedBecause !== null && <p class="dim">because {publishedBecause}</p>}
              </td>
              <td>{keepersOf(path, keptBy)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** More caches are counted. */
const NAMED = 4;

function keepersOf(path: string, keptBy: OwnedTypeDocument['keptBy']): string {
  const keepers = keptBy.filter(
    ({ fields }) => fields === null || fields.some((field) => path === field || path.startsWith(`${field}.`)),
  );
  if (keepers.length === 0) return 'no cache';
  if (keepers.length > NAMED) return `${keepers.length} caches`;
  return keepers.map(({ cache }) => cache).join(', ');
}
