import { entityName } from 'freshet-aws/internal/core/entity';
import { isTombstone } from 'freshet-aws/internal/core/own/own';
import type { DeploymentOptions } from '../../options/deployment-options.ts';
import { shortDuration, shortMilliseconds } from '../../output/numbers.ts';
import { typed } from '../../output/typed.ts';
import type { Findings, Parked } from './findings.ts';
import type { Verdict } from './verdict.ts';

/** Parked events that are shown. */
const SHOWN = 3;

/**
 * The way of an entity from its owner into a cache, as lines of text.
 *
 * @param on the options that named the deployment
 */
export function storyOf(
  findings: Findings,
  { verdict, isCertain, explanation, mend }: Verdict,
  place: string,
  on: DeploymentOptions = {},
): string {
  const { type, id, cache } = findings;
  const rows = [...ownerRows(findings), ...queueRows(findings), ...cacheRows(findings)];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  const steps = mend.map((step) => `  ${'command' in step ? typed(step.command, on, step.args) : step.text}`);
  return [
    `${entityName({ type, id })} in ${cache.name}, ${place}`,
    ...lines,
    '',
    `${verdict}${isCertain ? '' : ' (likely)'}: ${explanation}`,
    ...(steps.length === 0 ? [] : ['To mend it:', ...steps]),
  ].join('\n');
}

type Row = readonly [string, string];

function ownerRows({ owner, nowMs }: Findings): Row[] {
  if (owner === undefined) return [['owner', 'not in this deployment']];
  const { name, owned, isRelayStopped, relayDelayMs, parked } = owner;
  const at = (iso: string) => `${iso} (${shortDuration(nowMs - Date.parse(iso))} ago)`;
  const entity =
    owned === undefined
      ? 'has never had the entity'
      : `version ${owned.version}, ${isTombstone(owned) ? 'deleted' : 'committed'} ${at(owned.changedAt)}`;
  const relay = isRelayStopped
    ? 'STOPPED'
    : `${running(isRelayStopped)}, newest delay ${shortMilliseconds(relayDelayMs)}`;
  return [[`owner ${name}`, entity], ['relay', relay], ...parkedRows('not published', parked, nowMs)];
}

function queueRows({ cache }: Findings): Row[] {
  const { backlog, drainSeconds, deadLetters, gaps, isProjectorStopped } = cache;
  const drain = drainSeconds === null || backlog === 0 ? '' : `, drains in ${shortDuration(drainSeconds * 1000)}`;
  return [
    ['queue', `${backlog} messages${drain}`],
    ...(deadLetters > 0 ? [['dead letters', `${deadLetters} messages`] as const] : []),
    ...(gaps > 0 ? [['gaps', `${gaps} requests for a state`] as const] : []),
    ['projector', isProjectorStopped ? 'STOPPED' : running(isProjectorStopped)],
  ];
}

function cacheRows({ cache, nowMs }: Findings): Row[] {
  const { name, record, fields, readiness, parked, keeps } = cache;
  const version = cache.isDamaged
    ? "an item that the projector can't read"
    : record === undefined || record.version === 0
      ? 'no version of the entity'
      : `version ${record.version}${record.dataJson === undefined ? ', deleted' : ''}, committed ${record.changedAt}`;
  const stopped = record?.stopMarker === undefined ? '' : ', STOPPED';
  return [
    [`cache ${name}`, `${keeps === false ? "doesn't keep the type" : version}${stopped}`],
    ...(fields === undefined ? [] : [['keeps', fields.join(', ')] as const]),
    ['backfill', readiness.status],
    ...parkedRows('parked', parked, nowMs),
  ];
}

function parkedRows(name: string, parked: readonly Parked[], nowMs: number): Row[] {
  const rows = parked.slice(0, SHOWN).map(({ status, reason, version, parkedAtMs, explanation }) => {
    const age = shortDuration(nowMs - parkedAtMs);
    return [name, `${status} ${age} ago, version ${version ?? '?'}: ${reason}: ${explanation}`] as const;
  });
  return parked.length > SHOWN ? [...rows, [name, `and ${parked.length - SHOWN} more`]] : rows;
}

function running(isStopped: boolean | undefined): string {
  return isStopped === undefined ? 'unknown' : 'running';
}
