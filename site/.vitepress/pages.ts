/** A document of the checkout, and its address on the site. */
export interface SitePage {
  /** Relative to the checkout's root. */
  readonly file: string;
  /** Without leading slash and ending. */
  readonly address: string;
  /** In the side bar. */
  readonly text: string;
}

export interface Section {
  readonly title: string;
  readonly pages: readonly SitePage[];
}

const page = (text: string, file: string, address: string): SitePage => ({ text, file, address });

/** A document of `docs`, at its own name. */
const doc = (text: string, name: string): SitePage => page(text, `docs/${name}.md`, name);

const RECIPES = [
  'vae',
  'vae-mlp',
  'vae-conv',
  'iwae',
  'vae-2d',
  'cvae',
  'gan',
  'dcgan',
  'wgan-lp',
  'classifier',
  'siamese',
  'simsiam',
  'text-cnn',
  'transformer',
  'seq2seq',
];

/** The whole site in the order of its side bar. A document that is not listed here is not on the site. */
export const SECTIONS: readonly Section[] = [
  {
    title: 'Begin',
    pages: [
      doc('Start', 'start'),
      page('Overview', 'README.md', 'overview'),
      doc('Your own data', 'your-own-data'),
      page('A run to start from', 'models/pretrained/README.md', 'pretrained'),
    ],
  },
  {
    title: 'Recipes',
    pages: [
      ...RECIPES.map((name) => page(name, `docs/recipes/${name}.md`, `recipes/${name}`)),
      page('All of them, measured', 'models/README.md', 'recipes/measured'),
    ],
  },
  {
    title: 'Train',
    pages: [
      doc('The course of a training', 'training-loop'),
      doc('Settings', 'settings'),
      doc('Watching and comparing runs', 'watching-runs'),
      doc('The explorer', 'explorer'),
      doc('Many runs', 'scale'),
      doc('Your own launcher', 'your-own-launcher'),
      doc('Likelihoods done right', 'likelihoods'),
      doc('Your own kind of model', 'your-own-kind'),
      page('@onnx-forge/train', 'packages/train/README.md', 'train'),
    ],
  },
  {
    title: 'Export and fine-tune',
    pages: [
      page('Export any tfjs model', 'packages/export/README.md', 'export'),
      doc('Fine-tune an ONNX file', 'fine-tuning-onnx'),
      page('Other digits for a net of PyTorch', 'examples/fine-tuning/README.md', 'examples/fine-tuning'),
      doc('ONNX files of others', 'imports'),
      doc('Train anywhere', 'train-anywhere'),
      page('In Python, Go, Java and Rust', 'examples/train-anywhere/README.md', 'examples/train-anywhere'),
    ],
  },
  {
    title: 'Serve',
    pages: [
      page('In Node and in the browser', 'packages/infer/README.md', 'serve'),
      page('A page without a bundler', 'examples/web-page/README.md', 'examples/web-page'),
      page('Fine-tuning in the browser', 'examples/fine-tune-in-browser/README.md', 'examples/fine-tune-in-browser'),
      page(
        'Fine-tuning an ONNX model in the browser',
        'examples/fine-tune-onnx-in-browser/README.md',
        'examples/fine-tune-onnx-in-browser',
      ),
      page('In a worker thread', 'examples/worker-thread/README.md', 'examples/worker-thread'),
      page('Evaluated in Python', 'examples/python-evaluation/README.md', 'examples/python-evaluation'),
      page('As a service', 'examples/service/README.md', 'examples/service'),
      page('Figures and the explorer', 'packages/viz/README.md', 'figures'),
      page('Logs at MLflow and W&B', 'examples/metric-sinks/README.md', 'examples/metric-sinks'),
    ],
  },
  {
    title: 'Moving here',
    pages: [
      doc('From Keras', 'moving-from-keras'),
      doc('From PyTorch', 'moving-from-pytorch'),
      doc('From tfjs-node', 'moving-from-tfjs-node'),
      page('tfjs programs', 'examples/tfjs-programs/README.md', 'examples/tfjs-programs'),
      doc('tfjs programs, timed', 'programs'),
    ],
  },
  {
    title: 'How it works',
    pages: [
      doc('Architecture', 'architecture'),
      doc('Rules that simplify steps', 'rules'),
      doc('Supported kernels', 'support'),
      doc('Imported operators', 'imported-operators'),
      doc('Theory, checked by numbers', 'theory'),
    ],
  },
  {
    title: 'Measured',
    pages: [
      doc('Where numbers come from', 'numbers'),
      doc('Benchmark', 'bench'),
      doc('Support matrix', 'support-matrix'),
      doc('Runtimes', 'runtimes'),
      doc("Other people's models", 'zoo'),
      doc("Other people's apps", 'apps'),
      doc('Reliability', 'reliability'),
    ],
  },
  {
    title: 'The assignments, answered',
    pages: [
      page('All five', 'docs/systems/README.md', 'systems/'),
      page('EECS 498, homework 3', 'docs/systems/000-eecs498-homework-3.md', 'systems/eecs498'),
      page("EECS 498, a student's answers", 'docs/systems/001-eecs498-answers.md', 'systems/eecs498-answers'),
      page('CS 446, homework 5', 'docs/systems/002-cs446-homework-5.md', 'systems/cs446'),
      page('MVA, assignment 1', 'docs/systems/003-mva-assignment-1.md', 'systems/mva'),
      page('IFT6135, homework 3', 'docs/systems/004-ift6135-homework-3.md', 'systems/ift6135'),
    ],
  },
  {
    title: 'Reference',
    pages: [
      doc('Errors', 'errors'),
      page('Changes and versioning', 'CHANGELOG.md', 'changes'),
      page('Contributing', 'CONTRIBUTING.md', 'contributing'),
      page('Security', 'SECURITY.md', 'security'),
    ],
  },
];

export const PAGES: readonly SitePage[] = SECTIONS.flatMap(({ pages }) => pages);
