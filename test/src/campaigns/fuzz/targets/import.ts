import { tf } from '@onnx-forge/export';
import { importModel } from '@onnx-forge/export/import';
import { IMPORT_CASES } from '../../../export/import/cases.js';
import { fileOf } from '../../../export/import/onnx-file.js';
import { classifierFile, denoiserFile } from '../../../train/finetune/files.js';
import { MUTATE_ONNX } from '../mutate-onnx.js';
import type { OpenTarget } from '../target.js';

/** Inputs of more numbers are not called: what a file may ask for is not what is tried. */
const MOST_NUMBERS = 4096;

/** An ONNX file as tfjs code: imported, with adapters too, and called. */
export const onnxImport: OpenTarget = async () => {
  await tf.setBackend('cpu');
  const operators = Object.values(IMPORT_CASES).flat();
  return {
    name: 'onnx-import',
    // tfjs says why a shape does not suit a kernel.
    foreign: true,
    seeds: [
      classifierFile(),
      classifierFile({ softmax: true }),
      denoiserFile(),
      ...operators.map((one) => fileOf(one)),
    ],
    mutations: MUTATE_ONNX,
    read(bytes) {
      tf.engine().startScope();
      try {
        const model = importModel(bytes, { mostNumbers: 2 ** 18 });
        const inputs = Object.entries(model.inputs).map(([name, { shape, dtype = 'float32' }]) => {
          const sizes = shape.map((n) => (typeof n === 'number' ? n : 2));
          const small = sizes.reduce((product, n) => product * Math.abs(n), 1) <= MOST_NUMBERS;
          return small ? ([name, tf.ones(sizes, dtype)] as const) : undefined;
        });
        if (inputs.every((input) => input !== undefined)) model.call(Object.fromEntries(inputs));
      } finally {
        tf.engine().endScope();
        tf.disposeVariables();
      }
    },
  };
};
