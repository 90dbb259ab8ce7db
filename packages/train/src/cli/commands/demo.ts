import { type Command, defineCommand, type Outcome } from '../command.js';
import { text } from '../options/values.js';

const DEMO_MODEL = 'vae';
/** The demo's own folder: a former demo in it is replaced. */
const DEMO_FOLDER = 'runs/demo';

export const command: Command = defineCommand({
  details:
    'Trains a model on digits that are generated here (no download), compiled to ONNX; exports its graphs, compares ' +
    'them with tfjs, measures ELBO and importance-sampled log-likelihood on them, and draws the figures.',
  examples: [['demo', 'train a variational autoencoder, to runs/demo']],
  positionals: { model: { type: 'string', default: DEMO_MODEL, describe: "A name from 'onnx-forge models'" } },
  options: { out: { ...text('--out', 'Run folder'), alias: 'o', defaultDescription: DEMO_FOLDER } },
  async run({ model, out }, context): Promise<Outcome> {
    const { runDemo } = await import('../batch/demo.js');
    return runDemo({ model, out: out ?? DEMO_FOLDER, force: out === undefined }, context);
  },
});
