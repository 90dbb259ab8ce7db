import type { DeviceRequest } from '@onnx-forge/infer';
import { DEVICES } from './devices.js';
import { count, file, integer, oneOf, text, type ValueOption } from './values.js';

/** Options that several commands have, worded once. */

export const dataDir: ValueOption<string> & { readonly defaultDescription: string } = {
  ...text('--data-dir', 'Folder of the data sets'),
  defaultDescription: 'ONNX_FORGE_DATA or ./data',
};

/** Of a run that was trained already. */
export const otherData: ValueOption<string> & { readonly defaultDescription: string } = {
  ...text('--data', 'Another data set: a name, or a path to data of your own'),
  defaultDescription: 'what the run was trained on',
};

/** How data of a user's own are read. */
export interface OwnDataOptions {
  readonly resize: ValueOption<string>;
  readonly grey: { readonly type: 'boolean'; readonly describe: string };
  readonly columns: ValueOption<string>;
  readonly group: ValueOption<string>;
}

export const ownData: OwnDataOptions = {
  resize: text(
    '--resize',
    'Stretch the images of your own data to this size: WIDTHxHEIGHT, such as 28x28; 28x28,crop takes the middle',
  ),
  grey: { type: 'boolean', describe: 'Make the images of your own data grey' },
  columns: text(
    '--columns',
    'Columns of your own CSV, TSV, JSONL or Parquet: text=...,label=... or source=...,target=..., and split=...',
  ),
  group: text(
    '--group',
    'Keep examples together in one split: those of a folder (folder), of a label (label), or of equal values in a column',
  ),
};

/** Of data of a user's own that are opened for training. */
export const split: ValueOption<string> = text(
  '--split',
  'Fractions of your own data: train=.8,validation=.1,test=.1; exact, where added examples move others; or fold=0/5 of a cross-validation',
);

export const device: ValueOption<DeviceRequest> & { readonly default: 'auto' } = {
  ...oneOf('--device', DEVICES, 'Where graphs run'),
  default: 'auto',
};

export const seed: ValueOption<number> & { readonly default: number } = {
  ...integer('--seed', 'Start of the random numbers: the same seed gives the same result'),
  default: 1,
};

export const samples: ValueOption<number> = count(
  '--samples',
  'Monte-Carlo samples per example (the K of importance sampling)',
);

/** Of evaluation; see Judge. */
export const judge: ValueOption<string> & { readonly defaultDescription: string } = {
  ...text('--judge', 'Run of the classifier that reads generated images'),
  defaultDescription: "the run 'classifier' beside the run",
};

/** For runs of a user's own recipe: the run folder knows only the recipe's name. */
export const recipeFile: ValueOption<string> = text(
  '--recipe',
  "Recipe file of runs that were trained from one's own recipe, such as ./my-recipe.ts",
);

export const outFile: ValueOption<string> & { readonly alias: string } = {
  ...file('--out', ['png'], 'PNG file to write; - for standard output'),
  alias: 'o',
};

/** Of a chart. */
export const chartFile: ValueOption<string> & { readonly alias: string } = {
  ...file('--out', ['png', 'svg'], 'PNG or SVG file to write; - for standard output'),
  alias: 'o',
};
