import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from '@onnx-forge/infer';
import { gather, loadDataSet } from '@onnx-forge/train/data';
import { npyBytes } from '../../../packages/train/dist/data/formats/npy.js';
import type { Outcome, Row } from './row.js';
import { command, ROOT } from './run.js';

const RUN = join(ROOT, 'models', 'pretrained', 'vae-2d');
const CACHE = join(ROOT, '.cache', 'python-evaluation');
const IMAGES = 200;
const SAMPLES = 200;
/** Nats per image that the two means may be apart: some Monte-Carlo errors of either. */
const TOLERANCE = 0.1;

/** PyPI's packages, by their folder; or why they can't be had. */
type FindPackages = (log: string) => Promise<{ readonly packages: string } | { readonly reason: string }>;

/** The row of `examples/python-evaluation`: its numbers are those of Node, on the same images. */
export function pythonEvaluationRow(find: FindPackages): Row {
  return {
    name: 'python-evaluation',
    title: 'log p(x) of a run in Python, beside that of Node',
    minutes: 0.25,
    oneCore: true,
    run: async (log) => {
      const found = await find(log);
      return 'reason' in found ? { status: 'skipped', reason: found.reason } : evaluate(found.packages, log);
    },
  };
}

async function evaluate(packages: string, log: string): Promise<Outcome> {
  const { splits } = await loadDataSet('synthetic-digits+threshold');
  const chosen = Array.from({ length: IMAGES }, (_, index) => index);
  const x = gather(splits.test, 'x', chosen) as Float32Array;
  await mkdir(CACHE, { recursive: true });
  const file = join(CACHE, 'images.npy');
  await writeFile(file, npyBytes('<f4', [IMAGES, 784], x));
  const words = [process.env.PYTHON ?? 'python3', 'evaluate.py', RUN, file, `${SAMPLES}`];
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  const { code, stdout } = await command(words, { cwd: join(ROOT, 'examples', 'python-evaluation'), env, log });
  if (code !== 0) return { status: 'failed', about: `exit code ${code}` };
  const there = JSON.parse(stdout) as Record<'elbo' | 'logLikelihood', { readonly mean: number }>;
  await using model = await load(RUN, { device: 'cpu' });
  if (model.kind !== 'latent') throw new Error(model.kind);
  const here = await model.logLikelihood(x, { samples: SAMPLES, seed: 1 });
  const apart = Math.abs(there.logLikelihood.mean - here.mean);
  const about = `log p(x) ${there.logLikelihood.mean.toFixed(2)}, in Node ${here.mean.toFixed(2)} nats`;
  return { status: apart < TOLERANCE ? 'passed' : 'failed', about };
}
