import type { Call } from '../../../local/iam/caller.ts';
import { decide, type Policies } from '../../../local/iam/decide.ts';
import { actionMatches, resourceMatches } from '../../../local/iam/pattern.ts';
import type { Statement } from '../../../local/iam/statement.ts';

/** An action on a resource that a statement allows. */
export interface Grant {
  readonly of: 'ofRoles' | 'ofResources';
  /** The ARN of the role or the resource. */
  readonly owner: string;
  readonly statement: Statement;
  readonly action: string;
  readonly resource: string;
}

/** All grants of an account, without denials. */
export function grantsOf(policies: Policies): Grant[] {
  return (['ofRoles', 'ofResources'] as const).flatMap((of) =>
    [...policies[of]].flatMap(([owner, statements]) =>
      statements
        .filter(({ effect }) => effect === 'Allow')
        .flatMap((statement) =>
          statement.actions.patterns.flatMap((action) =>
            statement.resources.patterns.map((resource) => ({ of, owner, statement, action, resource })),
          ),
        ),
    ),
  );
}

/** The policies of an account without one grant. The other grants of its statement stay. */
export function without(policies: Policies, { of, owner, statement, action, resource }: Grant): Policies {
  const { actions, resources } = statement;
  const only = (patterns: readonly string[]) => ({ patterns, isInverted: false });
  const rest = [
    { ...statement, actions: only(actions.patterns.filter((each) => each !== action)) },
    { ...statement, actions: only([action]), resources: only(resources.patterns.filter((each) => each !== resource)) },
  ];
  const statements = (policies[of].get(owner) ?? []).flatMap((each) => (each === statement ? rest : [each]));
  return { ...policies, [of]: new Map([...policies[of], [owner, statements]]) };
}

/** The calls that the policies refuse. */
export function refused(policies: Policies, calls: readonly Call[]): Call[] {
  return calls.filter((call) => decide(policies, call).outcome !== 'allowed');
}

/** Whether a grant allows a call. */
export function isOf({ action, resource }: Grant, call: Call): boolean {
  return actionMatches(action, call.action) && resourceMatches(resource, call.resource);
}
