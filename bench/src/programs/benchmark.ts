import { fileURLToPath } from 'node:url';
import { tf } from '@onnx-forge/export';
import type { Benchmark, Contender, Reading } from '../benchmark.js';
import { numberOf, torch } from '../contenders/torch.js';
import { median } from '../report/summary.js';
import { onnxruntimeVersion } from '../worker/versions.js';
import type { Program } from './catalogue.js';
import { type ProgramEngine, type ProgramRun, programFile, runProgram } from './run-program.js';

/** Our engine's name in the table. */
const OURS = 'onnx-forge';
const COMPILED = 'compileStep';
const PYTORCH = 'PyTorch';

export interface ProgramSettings {
  readonly threads: number;
  /** An interpreter that may have torch. */
  readonly python: string;
}

/** A program on the `onnx` backend and on tfjs's own ones, in turn: rows NAME/warm, NAME/cold and NAME/memory. */
export function programBenchmark(program: Program, settings: ProgramSettings): Benchmark {
  const { name, title } = program;
  const rows = [
    { id: `${name}/warm`, title, unit: 'ms', better: 'lower' },
    { id: `${name}/cold`, title: `${title}, start and first line`, unit: 's', better: 'lower' },
    { id: `${name}/memory`, title: `${title}, peak resident memory`, unit: 'MB', better: 'lower' },
  ] as const;
  const contenders = [
    contender(OURS, program, 'onnx'),
    contender('tfjs wasm', program, 'wasm'),
    contender('tfjs cpu', program, 'cpu'),
  ];
  return { rows, contenders: [...contenders, ...peers(program, settings)] };
}

function contender(engine: string, program: Program, backend: ProgramEngine): Contender {
  const { timed, slow } = program.args;
  const args = backend === 'onnx' ? timed : (slow ?? timed);
  return {
    engine,
    open: async () => ({
      version: backend === 'onnx' ? onnxruntimeVersion() : `tfjs ${tf.version.tfjs}`,
      threads: 1,
      measure: async () => {
        const reading = programReading(program, await runProgram(programFile(program.name), backend, args));
        return { ...reading, last: args === slow };
      },
      close: async () => {},
    }),
  };
}

/** The same network on this project's compiled steps, and in PyTorch, where there is one. */
function peers({ name, ...program }: Program, settings: ProgramSettings): Contender[] {
  if (name !== 'mnist-convnet') return [];
  const file = fileURLToPath(new URL('./compiled-mnist.js', import.meta.url));
  const compiled: Contender = {
    engine: COMPILED,
    open: async () => ({
      version: onnxruntimeVersion(),
      threads: settings.threads,
      measure: async () => programReading({ ...program, name }, await runProgram(file, 'onnx', program.args.timed)),
      close: async () => {},
    }),
  };
  const read = (result: Readonly<Record<string, unknown>>): Reading => ({
    values: { [`${name}/warm`]: numberOf(result, 'mnist_convnet_step_ms') },
  });
  return [compiled, torch(PYTORCH, { ...settings, clock: 'wall' }, { only: name, read })];
}

/** Warm: between two lines of progress in the second half of the training, the median, for one step. */
export function programReading(
  { name, stepsPerLine }: Pick<Program, 'name' | 'stepsPerLine'>,
  run: ProgramRun,
): Reading {
  const times = run.lines.filter(({ text }) => /^(epoch|step|game) \d+:/.test(text)).map(({ at }) => at);
  if (times.length < 2) throw new Error(`${name} printed fewer than two lines of progress`);
  const between = times.slice(1).map((at, i) => (at - times[i]!) / stepsPerLine);
  return {
    values: {
      [`${name}/warm`]: median(between.slice(between.length >> 1)),
      [`${name}/cold`]: times[0]! / 1000,
      [`${name}/memory`]: run.peakMB,
    },
  };
}
