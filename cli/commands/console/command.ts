import { Command } from 'commander';
import { loadPage } from '../../console/page-files.ts';
import type { Console } from '../../console/server.ts';
import { findDeployment } from '../../deployment/find.ts';
import { openLocalCloud } from '../../deployment/local-cloud.ts';
import { requireLocalCloud } from '../../deployment/local-file.ts';
import { EXIT } from '../../errors.ts';
import { interruptible } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import {
  type DeploymentOptions,
  deploymentHelp,
  OBSERVING,
  withDeploymentOptions,
} from '../../options/deployment-options.ts';
import { withRenewableModules } from '../../renewed-modules.ts';
import { explained } from '../../work.ts';
import { followLocalCloud } from './follow-local-cloud.ts';
import { openConsole } from './open.ts';
import { portOption } from './port.ts';

interface ConsoleCommandOptions extends DeploymentOptions {
  readonly port?: number;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** What the actions of the page need beyond what the console reads. */
const WRITING = ['dynamodb:BatchWriteItem', 'dynamodb:UpdateItem', 'lambda:InvokeFunction', 'sqs:SendMessage'];

/** `freshet console`: serves a page that shows a deployment in the browser. */
export function consoleCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('console'))
    .summary('show the deployment in the browser: flow, entities, parked events, numbers, contracts, sagas')
    .description(
      'Serves a page on 127.0.0.1 that shows the deployment live, until Ctrl-C. In the local cloud, the page can do ' +
        'what the commands can. A deployment on AWS is only read, unless you pass --write. For a local cloud, ' +
        '"freshet up" serves the same page.',
    )
    .addOption(portOption('--port <n>'))
    .option('--write', 'let the page change a deployment on AWS: put, delete, resync, release, redrive, discard, ...')
    .option('--json', 'print the address as JSON')
    .addHelpText(
      'after',
      `
Only this machine can open the page, and no other web page can use it (docs/console.md).
${deploymentHelp([...OBSERVING, 'lambda:ListEventSourceMappings', ...WRITING.map((action) => `${action} (with --write)`)])}
Exit codes:
  0  ended by Ctrl-C
  1  the page can't be built or read, or something failed
  2  the deployment can't be read, or the port is taken`,
    )
    .action(async (options: ConsoleCommandOptions) => {
      io.exitCode = await interruptible(io, (signal) => serve(io, options, signal));
    });
}

async function serve(given: CommandIo, options: ConsoleCommandOptions, signal: AbortSignal): Promise<number> {
  const { io, renew } = withRenewableModules(given);
  const { port, write = false, json } = options;
  let deployment = await findDeployment(io, options, { access: write ? 'write' : 'read' });
  let running: Console | undefined;
  let unfollow: (() => void) | undefined;
  try {
    const page = await loadPage({ signal });
    const on = deployment.isLocal ? {} : { ...placeOf(options), stack: deployment.stacks };
    running = await openConsole(deployment, { io, on, page, port, write });
    const { url } = running;
    io.stdout.write(
      json ? `${JSON.stringify({ url })}\n` : `console: ${url} (${deployment.place})\nCtrl-C stops it.\n`,
    );
    if (deployment.isLocal) {
      const { projectFolder } = await requireLocalCloud(io.cwd);
      unfollow = followLocalCloud(projectFolder, io, (found) => {
        renew();
        const former = deployment;
        deployment = openLocalCloud(found, { importModule: io.importModule });
        running?.replace(deployment);
        former.close();
      });
    }
    await aborted(signal);
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.ok;
    throw explained(deployment, options, error);
  } finally {
    unfollow?.();
    await running?.close();
    deployment.close();
  }
}

function placeOf({ region, profile }: DeploymentOptions): DeploymentOptions {
  return { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
