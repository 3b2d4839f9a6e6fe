import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Resident memory of a process, now and at its peak, in MiB; undefined without /proc or without the process. */
export function memoryOf(pid: number): { nowMb: number; peakMb: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
    return { nowMb: mb('VmRSS'), peakMb: mb('VmHWM') };
  } catch {
    return undefined;
  }
}

/** Resident memory of a process and all its descendants, in MiB; 0 without /proc. */
export function treeMemoryMb(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const below = children === '' ? [] : children.split(' ').map(Number);
    return (memoryOf(pid)?.nowMb ?? 0) + below.reduce((total, child) => total + treeMemoryMb(child), 0);
  } catch {
    return 0;
  }
}

/** How many bytes of a file a process has read; undefined if the file isn't open, or without /proc. */
export function bytesReadBy(pid: number, file: string): number | undefined {
  try {
    const descriptor = readdirSync(`/proc/${pid}/fd`).find((name) => readlinkSync(`/proc/${pid}/fd/${name}`) === file);
    const info = descriptor && readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8');
    return info ? Number(/pos:\s+(\d+)/.exec(info)?.[1]) : undefined;
  } catch {
    return undefined;
  }
}
