/** The answer to a request: its document, or why there is none. */
export type Answer<Document> =
  | { readonly kind: 'document'; readonly document: Document }
  | { readonly kind: 'failed'; readonly message: string };
