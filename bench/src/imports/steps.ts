import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compileStep, tf } from '@onnx-forge/export';
import { importModel } from '@onnx-forge/export/import';
import { Random } from '@onnx-forge/infer';
import { factLines, type ReportFacts, tableOf } from './report.js';

const SCRIPT = fileURLToPath(new URL('../../import_steps.py', import.meta.url));

/** Nets, and how many of their steps are a round. */
const NETS: Readonly<Record<string, number>> = { mlp: 20, lenet: 20, resnet18: 2, vit: 4 };

/** Rounds of each, taken in turns. */
const ROUNDS = 7;

/** Times of a step of a net, milliseconds of the processor: of each round ours and PyTorch's. */
export interface StepTimes {
  readonly net: string;
  readonly shape: readonly number[];
  readonly torch: string;
  /** Losses of the first step, which are of the same weights. */
  readonly losses: readonly [ours: number, theirs: number];
  readonly rounds: readonly (readonly [ours: number, theirs: number])[];
}

/** Times whole training steps (forward, backward, Adam) of nets that PyTorch exported, ours and PyTorch's in turns, with one thread each. */
export async function timeSteps(
  { python, folder, only }: { python: string; folder: string; only: readonly string[] },
  onResult: (times: StepTimes) => void,
): Promise<StepTimes[]> {
  await tf.setBackend('cpu');
  const all: StepTimes[] = [];
  for (const [net, steps] of Object.entries(NETS)) {
    if (only.length > 0 && !only.includes(net)) continue;
    const times = await timeNet(net, steps, python, folder);
    all.push(times);
    onResult(times);
  }
  return all;
}

async function timeNet(net: string, steps: number, python: string, folder: string): Promise<StepTimes> {
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const peer = spawn(python, [SCRIPT, folder, net], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${SCRIPT} ${net} ended before its time`);
      if (value.startsWith('{')) return JSON.parse(value) as Record<string, unknown>;
    }
  };
  try {
    const { shape, torch, loss } = (await answer()) as { shape: number[]; torch: string; loss: number };
    const ours = await openStep(await readFile(`${folder}/${net}.onnx`), shape);
    const first = await ours.run();
    if (!(Math.abs(first - loss) < 1e-4)) throw new Error(`${net}: a loss of ${first}, and PyTorch's is ${loss}`);
    await ours.run();
    const rounds: [number, number][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = processorMs();
      for (let i = 0; i < steps; i++) await ours.run();
      const mine = (processorMs() - before) / steps;
      peer.stdin.write(`${steps}\n`);
      rounds.push([mine, (await answer()).ms as number]);
    }
    await ours.dispose();
    return { net, shape, torch, losses: [first, loss], rounds };
  } finally {
    peer.kill();
  }
}

/** The processor's time that this process has taken. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function openStep(
  file: Uint8Array,
  shape: readonly number[],
): Promise<{ run(): Promise<number>; dispose(): Promise<void> }> {
  const model = importModel(file);
  const adam = tf.train.adam(1e-4, 0.9, 0.999, 1e-8);
  const [batch] = shape as [number];
  const step = await compileStep(
    {
      inputs: { x: { shape: [...shape] }, labels: { shape: [batch], dtype: 'int32' } },
      step: ({ x, labels }) => {
        const loss = () => tf.losses.softmaxCrossEntropy(tf.oneHot(labels!, 10), model.call({ x: x! }).y!) as tf.Scalar;
        return { loss: adam.minimize(loss, true, [...model.trainable])! };
      },
    },
    {
      ...{ device: 'cpu', threads: 1, random: new Random(1), nameOf: model.nameOf },
      ...{ forms: 'measured', formClock: processorMs },
    },
  );
  // The peer's numbers.
  const size = shape.reduce((product, n) => product * n, 1);
  const x = Float32Array.from({ length: size }, (_, i) => ((37 * i + 5) % 1009) / 1009);
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 10);
  return {
    run: async () => (await step.run('step', { x, labels })).loss!,
    async dispose() {
      await step.dispose();
      model.dispose();
    },
  };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** The times as Markdown: medians of the rounds, and their ratios. */
export function stepsMarkdown(facts: ReportFacts, all: readonly StepTimes[]): string {
  const rows = all.map(({ net, shape, rounds }) => {
    const ratios = rounds.map(([ours, theirs]) => theirs / ours).sort((a, b) => a - b);
    const middle = (which: 0 | 1): string => median(rounds.map((round) => round[which])).toFixed(2);
    const spread = `${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}`;
    return [net, shape.join(' x '), middle(0), middle(1), median(ratios).toFixed(2), spread];
  });
  const headings = ['net', 'batch', 'ours, ms', 'PyTorch, ms', 'PyTorch / ours', 'in single rounds'];
  return `${factLines(facts)}\n\n${tableOf(headings, rows)}`;
}
