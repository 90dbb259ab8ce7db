import { fileURLToPath } from 'node:url';
import type { Contender } from '../benchmark.js';
import { PeerProcess, type PythonOptions } from './peer-process.js';
import { numberOf } from './torch.js';

const PROGRAM = {
  program: fileURLToPath(new URL('../../onnxsim_peer.py', import.meta.url)),
  needs: 'onnxsim with onnxruntime',
  install: 'pip install onnx onnxsim onnxruntime, or --python PATH of one that has them',
};

/** Recipes whose step onnxsim_peer.py has. */
export const ONNXSIM_STEPS: readonly string[] = ['vae-mlp', 'classifier'];

/** The training step that onnxsim compiles of the recipe's forward graph. */
export function onnxsim(recipe: string, row: string, options: PythonOptions): Contender {
  const peer = new PeerProcess(options, PROGRAM);
  return {
    engine: 'onnxsim compiled step',
    async open() {
      const version = await peer.open();
      return {
        version: `onnxsim ${`${version.onnxsim}`.replace(/^v/, '')}, onnxruntime ${version.onnxruntime}`,
        threads: peer.threads,
        measure: async () => ({ values: { [row]: numberOf(await peer.ask(['--only', recipe]), 'step_ms') } }),
        close: () => peer.close(),
      };
    },
  };
}
