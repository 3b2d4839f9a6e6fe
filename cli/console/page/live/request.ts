import type { ActionDocument, ActionInputs, ActionName, ErrorDocument } from '../../api/documents.ts';
import type { Answer } from '../pure/answer.ts';

/** Reads a document of the API. */
export function read<Document>(path: string, signal?: AbortSignal): Promise<Answer<Document>> {
  return request<Document>(path, { signal: signal ?? null, headers: { accept: 'application/json' } });
}

/** Runs a command. The server accepts it only with the token that it wrote into the page. */
export function act<Name extends ActionName>(name: Name, input: ActionInputs[Name]): Promise<Answer<ActionDocument>> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="freshet-token"]')?.content ?? '';
  return request<ActionDocument>(`/api/actions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-freshet-token': token },
    body: JSON.stringify(input),
  });
}

async function request<Document>(path: string, init: RequestInit): Promise<Answer<Document>> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, cache: 'no-store' });
  } catch {
    return failed('The console does not answer. Look whether "freshet up" or "freshet console" still runs.');
  }
  try {
    const body: unknown = await response.json();
    // The server of this page is the only one that answers, with the documents that it declares.
    if (response.ok) return { kind: 'document', document: body as Document };
    const { error } = body as ErrorDocument;
    return failed(error);
  } catch {
    return failed(`The console's answer could not be read (status ${response.status}). Reload this page.`);
  }
}

function failed(message: string): Answer<never> {
  return { kind: 'failed', message };
}
