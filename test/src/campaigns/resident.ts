import { readdirSync, readFileSync } from 'node:fs';

/** Bytes of a process that are in memory, on Linux; 0 elsewhere. */
export function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(statusOf(pid))?.[1] ?? 0);
}

/** Threads of a process, on Linux; 0 elsewhere. */
export function threadCount(pid: number): number {
  return Number(/^Threads:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0);
}

/** Open files, sockets and the like of a process, on Linux; 0 elsewhere. */
export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
