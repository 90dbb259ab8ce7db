import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { messageOf } from '../errors.js';
import { formatBytes } from '../output/format.js';
import { table } from '../output/table.js';

interface Report {
  readonly name: string;
  readonly usable: boolean;
  /** The missing part and how to get it, or a remark. */
  readonly note: string;
}

export const command: Command = defineCommand({
  details:
    'Tries every device of the compiled engine and of inference (onnxruntime) and every tfjs backend of the eager ' +
    'engine, and says what each of those that do not work is missing.',
  examples: [
    ['doctor', ''],
    ['doctor --json', 'for a bug report'],
  ],
  positionals: {},
  options: {},
  async run(): Promise<Outcome> {
    const devices = await probeAllDevices();
    const backends = await probeBackends();
    const machine = describeMachine();
    const show = (reports: readonly Report[]) =>
      reports.map(({ name, usable, note }) => [name, usable ? 'works' : 'no', note]);
    return {
      text: [
        machine.text,
        `\nDevices (--device):\n${table(['device', 'here', 'why'], show(devices))}`,
        `\ntfjs backends (--engine eager --backend):\n${table(['backend', 'here', 'why'], show(backends))}`,
      ].join('\n'),
      json: { machine: machine.facts, devices, backends },
    };
  },
});

async function probeAllDevices(): Promise<Report[]> {
  const { probeDevices } = await import('@onnx-forge/infer');
  const reports = await probeDevices();
  const chosen = reports.find(({ auto }) => auto)?.device;
  return reports.map(({ device, usable, reason }) => {
    const remark = device === chosen ? "what 'auto' takes" : '';
    return { name: device, usable, note: reason ?? remark };
  });
}

async function probeBackends(): Promise<Report[]> {
  const { BACKENDS, useBackend } = await import('../../tfjs-backend.js');
  const reports: Report[] = [];
  for (const name of BACKENDS) {
    const note = await useBackend(name).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    reports.push({ name, usable: note === undefined, note: note ?? '' });
  }
  return reports;
}

function describeMachine(): { text: string; facts: Readonly<Record<string, unknown>> } {
  const processors = cpus();
  const facts = {
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    onnxruntime: versionOf('onnxruntime-node'),
    tfjs: versionOf('@tensorflow/tfjs'),
  };
  const text = [
    `Node ${facts.node} on ${facts.platform}; onnxruntime ${facts.onnxruntime}; tfjs ${facts.tfjs}`,
    `${facts.cores} x ${facts.processor}, ${formatBytes(facts.memoryBytes)} of memory`,
  ].join('\n');
  return { text, facts };
}

/** A dependency's version, whether or not it exports its package.json. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version;
    } catch {
      // not in this folder
    }
  }
  return 'not found';
}
