import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { compileStep, tf } from '@onnx-forge/export';
import { importModel } from '@onnx-forge/export/import';
import { Random } from '@onnx-forge/infer';
import { factLines, type ReportFacts, tableOf } from './report.js';

/** Nets, and how many of their steps are a round. */
const NETS: Readonly<Record<string, number>> = { mlp: 20, lenet: 20, resnet18: 2, vit: 4 };

/** Rounds of each, taken in turns. */
const ROUNDS = 7;

/** Times of a step of a net, milliseconds of the processor: of each round ours, PyTorch's and onnxsim's. */
export interface StepTimes {
  readonly net: string;
  readonly shape: readonly number[];
  /** Versions of the peers that were timed. */
  readonly versions: readonly string[];
  /** Why onnxsim is not among them. */
  readonly absent?: string;
  /** Losses of the first step, which are of the same weights. */
  readonly losses: readonly number[];
  readonly rounds: readonly (readonly [ours: number, torch: number, onnxsim?: number])[];
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

/** A process of Python that answers with lines of JSON: the first at once, then one for each line that it is given. */
class Peer {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #script: string;

  constructor(script: string, python: string, folder: string, net: string) {
    const file = fileURLToPath(new URL(`../../${script}`, import.meta.url));
    const env = { ...process.env, OMP_NUM_THREADS: '1' };
    this.#script = script;
    this.#child = spawn(python, [file, folder, net], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async answer<T extends object>(): Promise<T> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.#script} ended before its time`);
      if (value.startsWith('{')) return JSON.parse(value) as T;
    }
  }

  /** Milliseconds of the processor that a step takes, the mean of so many. */
  async time(steps: number): Promise<number> {
    this.#child.stdin.write(`${steps}\n`);
    return (await this.answer<{ ms: number }>()).ms;
  }

  end(): void {
    this.#child.kill();
  }
}

interface TorchAnswer {
  readonly shape: number[];
  readonly torch: string;
  readonly loss: number;
}

/** onnxsim has gradients of some operators only, and is not installed everywhere. */
type OnnxsimAnswer = { readonly absent: string } | { readonly version: string; readonly loss: number };

async function timeNet(net: string, steps: number, python: string, folder: string): Promise<StepTimes> {
  const peers = [new Peer('import_steps.py', python, folder, net)];
  try {
    const { shape, torch, loss } = await peers[0]!.answer<TorchAnswer>();
    const second = new Peer('import_steps_onnxsim.py', python, folder, net);
    peers.push(second);
    const onnxsim = await second.answer<OnnxsimAnswer>();
    const isThere = 'loss' in onnxsim;
    if (!isThere) peers.pop()!.end();
    const ours = await openStep(await readFile(`${folder}/${net}.onnx`), shape);
    const losses = [await ours.run(), loss, ...(isThere ? [onnxsim.loss] : [])];
    if (!losses.every((each) => Math.abs(each - loss) < 1e-4))
      throw new Error(`${net}: first losses of ${losses.join(', ')}, which must be equal`);
    await ours.run();
    const rounds: [number, number, number?][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = processorMs();
      for (let i = 0; i < steps; i++) await ours.run();
      const times: number[] = [(processorMs() - before) / steps];
      for (const peer of peers) times.push(await peer.time(steps));
      rounds.push(times as [number, number, number?]);
    }
    await ours.dispose();
    const versions = [`torch ${torch.replace(/\+.*/, '')}`];
    return isThere
      ? { net, shape, losses, rounds, versions: [...versions, `onnxsim ${onnxsim.version.replace(/^v/, '')}`] }
      : { net, shape, losses, rounds, versions, absent: onnxsim.absent };
  } finally {
    for (const peer of peers) peer.end();
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

/** The times as Markdown: medians of the rounds, and of the ratios in them. */
export function stepsMarkdown(facts: ReportFacts, all: readonly StepTimes[]): string {
  const rows = all.map(({ net, shape, rounds }) => {
    const middle = (which: 0 | 1 | 2): string => {
      const times = rounds.flatMap((round) => round[which] ?? []);
      return times.length > 0 ? median(times).toFixed(2) : '';
    };
    const ratios = (which: 1 | 2): number[] =>
      rounds.flatMap((round) => (round[which] === undefined ? [] : [round[which] / round[0]])).sort((a, b) => a - b);
    const ratio = (which: 1 | 2): string => {
      const sorted = ratios(which);
      if (sorted.length === 0) return '';
      return `${median(sorted).toFixed(2)} (${sorted[0]!.toFixed(2)} to ${sorted.at(-1)!.toFixed(2)})`;
    };
    return [net, shape.join(' x '), middle(0), middle(1), middle(2), ratio(1), ratio(2)];
  });
  const headings = ['net', 'batch', 'ours, ms', 'PyTorch, ms', 'onnxsim, ms', 'PyTorch / ours', 'onnxsim / ours'];
  const absent = all.flatMap(({ net, absent: why }) => (why === undefined ? [] : [`${net}: ${why}`]));
  return [
    factLines(facts),
    tableOf(headings, rows),
    ...(absent.length > 0 ? [`onnxsim is absent where it says: ${absent.join('; ')}.`] : []),
  ].join('\n\n');
}
