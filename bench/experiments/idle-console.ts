import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** How long each processor time is measured, in seconds. */
const SPAN_SECONDS = 60;
/** How long the page and the local cloud settle before, in seconds. */
const SETTLE_SECONDS = 20;
/** Ticks a second of the times in /proc (proc(5)). */
const TICKS = 100;

const root = fileURLToPath(new URL('../..', import.meta.url));
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

/** The processor time of a process and its descendants since their starts, in seconds. */
function processorSeconds(pid: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        // The name of the command may contain spaces and brackets.
        const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
      } catch {
        // The process has ended meanwhile.
        return [];
      }
    });
  const of = (one: number): number =>
    (stats.find((stat) => stat.pid === one)?.ticks ?? 0) / TICKS +
    stats.filter(({ parent }) => parent === one).reduce((sum, child) => sum + of(child.pid), 0);
  return of(pid);
}

/** The share of a core that processes take while nothing is done with them, in percent. */
async function percentOf(pids: readonly number[]): Promise<readonly number[]> {
  const before = pids.map(processorSeconds);
  await seconds(SPAN_SECONDS);
  return pids.map((pid, index) => ((processorSeconds(pid) - (before[index] ?? 0)) / SPAN_SECONDS) * 100);
}

/** Runs a command of `freshet`, and waits until it prints a text. @returns the process and what it printed */
async function run(args: readonly string[], until: string): Promise<readonly [ChildProcess, string]> {
  const child = spawn(process.execPath, ['--conditions=freshet-source', '--import', 'tsx', 'cli/freshet.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of child.stdout ?? []) {
    printed += chunk;
    if (printed.includes(until)) break;
  }
  return [child, printed];
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  await ended;
}

const [cloud] = await run(['up', '--no-story', '--no-console'], 'Ctrl-C stops it');
const [server, printed] = await run(['console', '--json'], '}\n');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'],
});
const page = await browser.newPage();
await page.goto('about:blank');
const [cloudPid = 0, serverPid = 0] = [cloud.pid, server.pid];
/** The browser is a child of this process, beside the two commands. */
const ownPid = process.pid;
await seconds(SETTLE_SECONDS);
const [all = 0, ofCloud = 0, ofServer = 0] = await percentOf([ownPid, cloudPid, serverPid]);
const blank = all - ofCloud - ofServer;
await page.goto((JSON.parse(printed) as { url: string }).url);
await seconds(SETTLE_SECONDS);
const [allOpen = 0, cloudOpen = 0, serverOpen = 0] = await percentOf([ownPid, cloudPid, serverPid]);
const open = allOpen - cloudOpen - serverOpen;
await browser.close();
await stop(server);
await stop(cloud);

const percent = (share: number) => `${share.toFixed(1)} %`.padStart(8);
console.log(
  `Processor time over ${SPAN_SECONDS} s, in percent of a core: without the page, with it, and the difference`,
);
console.log(`local cloud     ${percent(ofCloud)}${percent(cloudOpen)}${percent(cloudOpen - ofCloud)}`);
console.log(`console, server ${percent(ofServer)}${percent(serverOpen)}${percent(serverOpen - ofServer)}`);
console.log(`browser         ${percent(blank)}${percent(open)}${percent(open - blank)}`);
console.log(`page and server ${percent(open - blank + serverOpen)} (bar: 3 %)`);
