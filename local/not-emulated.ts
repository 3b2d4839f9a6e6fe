/** Thrown for a resource, or a feature of one, that the local cloud doesn't have. The resource is left out. */
export class NotEmulated extends Error {
  override readonly name = 'NotEmulated';
}
