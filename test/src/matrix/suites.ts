import { everyFile, filesOf, LONG } from '../mocha/files.js';

/** Lists of tests: files without their ending, or folders of them. `matrix.test.ts` holds that they exist. */
export const SUITES = {
  /** Numbers that onnxruntime computes, compared with closed forms, finite differences and tfjs on its cpu backend. */
  numeric: [
    'export/adam',
    'export/convolutions',
    'export/export',
    'export/in-place',
    'export/lowerings',
    'export/movement',
    'export/processors',
    'export/simplified',
    'export/step',
    'export/step-convolutions',
    'infer/random',
    'train/objectives',
    'train/steps',
    'train/variational',
    'train/whitening',
  ],
  /** Of these, the numbers of every kernel and of compiled steps: what onnxruntime does in another way on another processor. */
  kernels: ['export/lowerings', 'export/step-convolutions', 'export/processors', 'export/in-place'],
  /** Whole trainings in both engines. */
  training: ['train/engine', 'train/trainer'],
  /** Tests that use a WebGPU adapter in Node if there is one. */
  webgpu: [
    'export/convolutions',
    'export/layers',
    'export/movement',
    'export/step-convolutions',
    'infer/device',
    'infer/latent',
    'train/fine-tuning',
  ],
  /** Tests that read real data sets if there are some. */
  data: ['train/data'],
} as const satisfies Record<string, readonly string[]>;

/** Tests in Chromium, which a Node only serves. */
const IN_CHROMIUM = ['explorer', 'infer/browser', 'infer/start', 'infer/trainable-browser'] as const;

/** Tests of what is computed in JavaScript and in onnxruntime, next to nothing of which is Node's own. */
const COMPUTING = ['export', 'models', 'tfjs-suite', 'theory', 'viz'] as const;

/** Every file, and by how many of `count` Nodes it is run. */
export function nodesByFile(count: number): Map<string, number> {
  const chromium = new Set(filesOf(IN_CHROMIUM));
  const few = new Set(filesOf([...COMPUTING, ...LONG]));
  return new Map(everyFile().map((file) => [file, chromium.has(file) ? 1 : few.has(file) ? 2 : count]));
}

/** Files that the Node number `index` of `count` runs: each file in turn begins with another Node and is run by those after it. */
export function filesOfNode(index: number, count: number): string[] {
  const turns = new Map<number, number>();
  const chosen = [...nodesByFile(count)].filter(([, nodes]) => {
    const turn = turns.get(nodes) ?? 0;
    turns.set(nodes, turn + 1);
    return (((index - turn) % count) + count) % count < nodes;
  });
  return chosen.map(([file]) => file);
}
