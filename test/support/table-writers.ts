/** The parts of a synthesised template that these checks read. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's properties are as deep as they are many.
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

/** Templates, by stack name. */
export type Templates = Readonly<Record<string, Template>>;

/** A principal that may write a table, with the actions that it may use. */
export interface TableWriter {
  readonly principal: string;
  readonly table: string;
  readonly actions: readonly string[];
  /** The only partition keys that the principal may write under. Left out if it may write under any key. */
  readonly onlyUnder?: readonly string[];
}

/**
 * The IAM actions that put, change or remove items. Transactions and PartiQL statements also need one of them
 * (ddb/api-permissions-reference).
 */
const WRITE_ACTIONS = [
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
  'PartiQLInsert',
  'PartiQLUpdate',
  'PartiQLDelete',
].map((action) => `dynamodb:${action}`);

/** The only AWS managed policy that a function needs. It allows writing logs. */
const HARMLESS_MANAGED_POLICY = ':iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: {
    readonly 'ForAllValues:StringEquals'?: { readonly 'dynamodb:LeadingKeys'?: readonly string[] };
  };
}

/** All principals that the templates allow to write items of the tables, directly, by an index or by a wildcard. */
export function tableWriters(templates: Templates, tables: readonly string[]): TableWriter[] {
  const grants = Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(template.Resources).flatMap(([id, resource]) => grantsOf(templates, stack, id, resource)),
  );
  return grants.flatMap(({ stack, principal, statement }) => {
    const actions = writes(statement);
    const onlyUnder = statement.Condition?.['ForAllValues:StringEquals']?.['dynamodb:LeadingKeys'];
    const covered = actions.length > 0 && statement.Effect === 'Allow' ? tables : [];
    return covered
      .filter((table) => covers(templates, stack, statement, table))
      .map((table) => ({ principal, table, actions, ...(onlyUnder && { onlyUnder }) }));
  });
}

interface Granted {
  /** The stack that the statement is in. */
  readonly stack: string;
  readonly principal: string;
  readonly statement: Statement;
}

/** The policy statements of a resource, each with its principal. */
function grantsOf(templates: Templates, stack: string, id: string, { Type, Properties = {} }: Resource): Granted[] {
  const own = `${stack}/${id}`;
  const granted = (
    principals: readonly string[],
    documents: readonly { Statement: readonly Statement[] }[],
  ): Granted[] =>
    principals.flatMap((principal) =>
      documents.flatMap(({ Statement }) => [Statement].flat().map((statement) => ({ stack, principal, statement }))),
    );
  if (Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy') {
    const attached = [Properties.Roles, Properties.Users, Properties.Groups].flatMap((some) => some ?? []);
    const principals = attached.map((one: unknown) => resolved(templates, stack, one).replace(/[<>]/g, ''));
    return granted(principals.length > 0 ? principals : [own], [Properties.PolicyDocument]);
  }
  if (/^AWS::IAM::(Role|User|Group)$/.test(Type)) {
    const inline = (Properties.Policies ?? []).map((policy: { PolicyDocument: unknown }) => policy.PolicyDocument);
    const managed = (Properties.ManagedPolicyArns ?? [])
      .map((arn: unknown) => resolved(templates, stack, arn))
      .filter((arn: string) => arn.includes(':aws:policy/') && !arn.endsWith(HARMLESS_MANAGED_POLICY));
    const unknown = managed.map(() => ({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }));
    return granted([own], [...inline, ...unknown]);
  }
  if (Type === 'AWS::DynamoDB::Table' && Properties.ResourcePolicy !== undefined) {
    return granted([`resource policy of ${own}`], [Properties.ResourcePolicy.PolicyDocument]);
  }
  return [];
}

/** The write actions of a statement, wildcards included. */
function writes({ Action, NotAction }: Statement): string[] {
  if (NotAction !== undefined) return ['NotAction'];
  return [Action ?? []].flat().filter((given) => {
    const pattern = given
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return WRITE_ACTIONS.some((action) => new RegExp(`^${pattern}$`, 'i').test(action));
  });
}

function covers(templates: Templates, stack: string, { Resource, NotResource }: Statement, table: string): boolean {
  if (NotResource !== undefined) return true;
  return [Resource].flat().some((one) => {
    const arn = resolved(templates, stack, one);
    return arn.includes(`<${table}>`) || arn === '*' || /:dynamodb:.*\*/.test(arn);
  });
}

/** A value as text. A reference becomes `<Stack/LogicalId>`, also if it leads to another stack. */
function resolved(templates: Templates, stack: string, value: unknown): string {
  if (typeof value === 'string') return value;
  const [[intrinsic, argument] = ['', undefined]] = Object.entries(value ?? {});
  if (intrinsic === 'Ref') return `<${stack}/${argument}>`;
  if (intrinsic === 'Fn::GetAtt') return `<${stack}/${[argument].flat()[0]}>`;
  if (intrinsic === 'Fn::Join')
    return argument[1].map((part: unknown) => resolved(templates, stack, part)).join(argument[0]);
  if (intrinsic === 'Fn::ImportValue') {
    for (const [exporting, { Outputs = {} }] of Object.entries(templates)) {
      const found = Object.values(Outputs).find(({ Export }) => Export?.Name === argument);
      if (found !== undefined) return resolved(templates, exporting, found.Value);
    }
  }
  throw new Error(`the reference ${JSON.stringify(value)} isn't supported`);
}
