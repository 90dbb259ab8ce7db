/**
 * Trains the tiny recipe in a process of its own, to be killed: a checkpoint after every iteration.
 *
 * node killed-run.js FOLDER ENGINE EPOCHS
 */
import { train } from '@onnx-forge/train';
import { tinyData, tinyRecipe } from './tiny.js';

const [out, engine, epochs] = process.argv.slice(2);
await train({
  recipe: tinyRecipe,
  out: out!,
  engine: engine as 'eager' | 'compiled',
  set: { epochs },
  data: tinyData(),
  resume: true,
  evaluate: false,
  figures: false,
  checkpointSeconds: 0,
  logEvery: 3,
  log: ['csv', 'tensorboard'],
  monitor: 'validation.kl',
  direction: 'lower',
  onEvent: (event) => {
    if (event.type === 'step') process.stdout.write(`${event.step}\n`);
  },
});
