import type { Device } from '@onnx-forge/infer';
import type { GraphVerification } from '../../actions/verify.js';
import { type Command, type CommandContext, defineCommand, type Outcome } from '../command.js';
import { openRun, type TrainedRun } from '../inputs/runs.js';
import { DEVICES } from '../options/devices.js';
import { recipeFile } from '../options/shared-options.js';
import { oneOf, positive } from '../options/values.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    "Runs each exported graph, and the recipe's own tfjs code with the same weights, on equal random inputs of several " +
    'sizes, and shows the worst error of every output. Fails when a relative error (over the largest magnitude of the ' +
    'output, beyond an absolute error of 1e-8) is above --tolerance.',
  examples: [
    ['verify runs/vae', 'on the CPU'],
    ['verify runs/vae --device all', 'on every device that works here'],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder' } },
  options: {
    device: { ...oneOf('--device', ['all', ...DEVICES], 'Where the graphs run'), default: 'cpu' },
    tolerance: { ...positive('--tolerance', 'Largest relative error that passes'), default: 1e-3 },
    recipe: recipeFile,
  },
  async run({ run, device, tolerance, recipe }, context): Promise<Outcome> {
    const trained = await openRun(run, recipe);
    const { devices, refused } = await devicesToTry(device);
    const results: GraphVerification[] = [];
    for (const request of devices) results.push(...(await verifyOn(trained, request, context)));
    const worst = Math.max(...results.map((result) => result.worst));
    // NaN is no pass either.
    const ok = worst <= tolerance;
    const verdict = ok
      ? `all outputs agree with tfjs: worst relative error ${worst.toExponential(1)} (tolerance ${tolerance})`
      : `NOT all outputs agree with tfjs: worst relative error ${worst.toExponential(1)} (tolerance ${tolerance})`;
    const passedOver = refused.map(({ device: name, reason }) => `not on ${name}: ${reason}`);
    return {
      text: [resultTable(results), '', ...(await sizesTried(results)), verdict, ...passedOver].join('\n'),
      json: { run, ok, worst, tolerance, graphs: results, refused },
      ...(!ok && { failure: verdict }),
    };
  },
});

type Request = Device | 'auto';

async function devicesToTry(asked: Request | 'all'): Promise<{ devices: Request[]; refused: Refused[] }> {
  if (asked !== 'all') return { devices: [asked], refused: [] };
  const { probeDevices } = await import('@onnx-forge/infer');
  const reports = await probeDevices();
  const usable = reports.filter((report) => report.usable).map((report) => report.device);
  const refused = reports.filter((report) => !report.usable).map(({ device, reason = '' }) => ({ device, reason }));
  return { devices: usable, refused };
}

interface Refused {
  readonly device: Device;
  readonly reason: string;
}

async function verifyOn(
  { run, recipe }: TrainedRun,
  device: Request,
  { progress, interruptible }: CommandContext,
): Promise<GraphVerification[]> {
  const { verifyRun } = await import('../../actions/verify.js');
  const onGraph = (detail: string, fraction: number) =>
    progress.update({ task: `verifying on ${device}`, fraction, detail });
  const results = await verifyRun({ recipe, run, device, signal: interruptible('stopping'), onGraph });
  progress.end();
  return results;
}

/** At which sizes of their free dimensions the graphs were compared; graphs of the same sizes in one line. */
async function sizesTried(results: readonly GraphVerification[]): Promise<string[]> {
  const { describeSizes } = await import('@onnx-forge/export');
  const graphs = new Map<string, Set<string>>();
  for (const result of results) {
    const sizes = describeSizes(result);
    if (sizes) graphs.set(sizes, (graphs.get(sizes) ?? new Set()).add(result.graph));
  }
  return [...graphs].map(([sizes, names]) => `${[...names].join(', ')}: ${sizes}`);
}

function resultTable(results: readonly GraphVerification[]): string {
  const rows = results.flatMap(({ graph, device, outputs }) =>
    Object.entries(outputs).map(([output, { absolute, relative }]) => [
      device,
      graph,
      output,
      absolute.toExponential(1),
      relative.toExponential(1),
    ]),
  );
  return table(['device', 'graph', 'output', 'absolute error', 'relative error'], rows);
}
