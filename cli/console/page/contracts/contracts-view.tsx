import { useState } from 'preact/hooks';
import type { BoundaryDocument, ContractsDocument } from '../../api/documents.ts';
import { useFetched } from '../live/fetched.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { apiPath, type Route } from '../pure/route.ts';
import { Classification, OwnedType } from './owned-type.tsx';

/** The catalogue of boundaries and types. */
export function ContractsView({ params }: Route) {
  const { document, failure, reload } = useFetched<ContractsDocument>('/api/contracts');
  const [text, setText] = useState(params.get('search') ?? '');
  if (failure !== undefined)
    return <Failure title="The contracts could not be read" message={failure} retry={() => void reload()} />;
  if (document === undefined) return <Notice kind="loading" title="Loading the contracts …" />;
  const { boundaries, missing } = document;
  const shown = boundaries.filter((one) => isWanted(one, text));
  return (
    <>
      <div class="tools">
        <SearchBox label="Search boundaries, types and fields" value={text} change={setText} />
        <span class="legend">
          <Classification name="reference" /> <Classification name="transactional" /> <Classification name="personal" />
        </span>
      </div>
      {missing.map(({ boundary, reason }) => (
        <Notice key={boundary} kind="info" title={`The contracts of ${boundary} could not be loaded`}>
          <p>{reason}</p>
        </Notice>
      ))}
      {boundaries.length === 0 && (
        <Notice kind="empty" title="No contracts are known">
          <p>Start the console in the folder of the CDK app, so that it can load the app's contracts.</p>
        </Notice>
      )}
      {boundaries.length > 0 && shown.length === 0 && (
        <Notice kind="empty" title="No boundary, type or field has this name" />
      )}
      <div class="boundaries">
        {shown.map((boundary) => (
          <Boundary key={boundary.name} boundary={boundary} text={text} />
        ))}
      </div>
    </>
  );
}

function isWanted({ name, owns, keeps, publishes }: BoundaryDocument, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  const words = [
    name,
    ...owns.flatMap(({ type, fields }) => [type, ...fields.map(({ path }) => path)]),
    ...keeps.map(({ type }) => type),
    ...publishes.map(({ type }) => type),
  ];
  return words.some((word) => word.toLowerCase().includes(wanted));
}

function Boundary({ boundary: { name, owns, keeps, publishes }, text }: { boundary: BoundaryDocument; text: string }) {
  return (
    <article class="boundary" aria-label={`Boundary ${name}`}>
      <header>
        <h2>{name}</h2>
        <a
          class="button small"
          href={apiPath('/api/contracts/asyncapi', { boundary: name })}
          download={`${name}.asyncapi.json`}
        >
          <Icon name="load" /> AsyncAPI <span class="hidden">of {name}</span>
        </a>
      </header>
      {owns.map((type) => (
        <OwnedType key={type.type} of={type} text={text} />
      ))}
      {keeps.length > 0 && <Kept keeps={keeps} />}
      {publishes.length > 0 && (
        <section>
          <h3>Publishes facts</h3>
          <ul class="plain">
            {publishes.map(({ type, about, ids }) => (
              <li key={type}>
                <strong>{type}</strong>{' '}
                <span class="dim">
                  about {about}; ids: {ids.join(', ')}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  );
}

function Kept({ keeps }: { readonly keeps: BoundaryDocument['keeps'] }) {
  return (
    <section>
      <h3>Keeps copies</h3>
      <ul class="plain kept">
        {keeps.map(({ type, owner, fields, fieldsRevision, indexes, onPoison }) => (
          <li key={type}>
            <strong>{type}</strong> <span class="dim">of {owner}</span>
            <p>
              {fields === null ? 'whole state' : `fields ${fields.join(', ')} (revision ${fieldsRevision})`} · poison:{' '}
              {onPoison}
              {Object.entries(indexes).map(([index, field]) => ` · index ${index} by ${field}`)}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
