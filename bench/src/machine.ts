import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { Machine } from './report/result.js';

/** This machine, as the report names it. */
export function thisMachine(): Machine {
  const cpus = os.cpus();
  return {
    processor: `${cpus[0]?.model.trim() || os.arch()}${details()}`,
    cores: cpus.length,
    memoryGB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    load: os.loadavg()[0] ?? 0,
  };
}

/** Virtual machines hide the model's name behind `AMD EPYC`; its family and widest vectors tell more. */
function details(): string {
  if (process.platform !== 'linux') return '';
  const text = readFileSync('/proc/cpuinfo', 'utf8');
  const family = /^cpu family\s*: (\d+)$/m.exec(text)?.[1];
  const vectors = ['avx512f', 'avx2'].find((flag) => new RegExp(`^flags\\s*:.*\\b${flag}\\b`, 'm').test(text));
  const facts = [family && `family ${family}`, vectors === 'avx512f' ? 'AVX-512' : vectors && 'AVX2'].filter(Boolean);
  return facts.length > 0 ? ` (${facts.join(', ')})` : '';
}
