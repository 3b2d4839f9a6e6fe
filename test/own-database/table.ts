import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { SourceEntity } from '../../package/index.ts';

/** The environment variable with the name of the owner's table. */
export const TABLE = 'PARTS_TABLE';

/** A row of the owner's table. A deleted entity has no state. */
export type Row = Readonly<Record<'type' | 'id' | 'changedAt', AttributeValue.SMember>> & {
  readonly version: AttributeValue.NMember;
  readonly state?: AttributeValue.SMember;
};

export function row({ id, version, state, changedAt }: SourceEntity): Row {
  return {
    type: { S: 'Part' },
    id: { S: id },
    version: { N: String(version) },
    changedAt: { S: changedAt },
    ...(state !== undefined && { state: { S: JSON.stringify(state) } }),
  };
}

export function sourceEntity({ id, version, state, changedAt }: Row): SourceEntity {
  return {
    id: id.S,
    version: Number(version.N),
    changedAt: changedAt.S,
    state: state && JSON.parse(state.S),
  };
}
