import { indexChanges, MAX_INDEX_CHANGES } from '../../core/index-changes.ts';
import { ownOf, type Plan, type Problem, TYPE } from './plan.ts';

/** An update creates or deletes at most one index of a table, compared with the deployed template. */
export function oneIndexChanges(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.table).flatMap((table) => {
    const deployed = plan.deployed(table);
    if (deployed === undefined) return [];
    const { created, deleted } = indexChanges(deployed.GlobalSecondaryIndexes, table.properties.GlobalSecondaryIndexes);
    if (created.length + deleted.length <= MAX_INDEX_CHANGES) return [];
    const named = (what: string, indexes: readonly string[]) =>
      indexes.length === 0 ? [] : [`${what} ${indexes.join(', ')}`];
    return {
      path: table.path,
      what: `the update ${[...named('creates', created), ...named('deletes', deleted)].join(' and ')}`,
      why: 'DynamoDB creates or deletes one index in an update, so CloudFormation would refuse the deployment',
      page: 'ddb/GSI.OnlineOps',
      fix:
        'change one index, deploy, and then change the next one. To replace an index, first add the new one under ' +
        'another name',
    };
  });
}
