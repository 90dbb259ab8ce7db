import { InputError } from '@onnx-forge/infer';
import { type DataReference, type DataSet, SPLIT_NAMES } from '../../data/data-set.js';
import { DataError } from '../../data/errors.js';
import type { OpenContext } from '../../data/sources/source.js';
import type { DataSummary, DuplicateSummary } from '../../data/summary.js';
import { type Command, type CommandContext, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { chosenData, type OwnDataChoice, pickOwnData } from '../inputs/chosen-data.js';
import { dataDir, ownData, split } from '../options/shared-options.js';
import { given, oneOf, text } from '../options/values.js';
import { requireWritableFile, STDOUT, writeOutput } from '../output/files.js';
import { formatBytes, formatNumber } from '../output/format.js';
import { showReading } from '../output/reading.js';
import { table } from '../output/table.js';

/** Images in a row of a picture of them. */
const COLUMNS = 16;

interface DataArguments extends OwnDataChoice {
  readonly names: readonly string[];
  readonly dataDir: string | undefined;
  /** Of convert and describe. */
  readonly out: string | undefined;
}

export const command: Command = defineCommand({
  details:
    'list shows the data sets and whether they are here. fetch NAME downloads what is missing and checks its sha256. ' +
    'verify NAME looks at every file. describe PATH says what is found in data of your own, or in a data set: splits, ' +
    'shapes, ranges, classes, examples that stand twice; with -o FILE.png it draws some images of each split. convert PATH -o OUT writes them in another form: a .npz file, a .jsonl file of texts, or a folder of PNG ' +
    'images in their splits. Files lie in --data-dir, else in ONNX_FORGE_DATA, else in ./data.',
  examples: [
    ['data list', 'what there is'],
    ['data fetch mnist', 'download MNIST to ./data'],
    ['data verify binarized-mnist --data-dir ~/data', 'are the files whole?'],
    ['data describe ./my-images', 'a folder of images of your own: are they fit for training?'],
    ['data describe ./my-images -o some.png', 'some images of each split as a picture'],
    ['data convert ./my-images --resize 28x28 --grey -o small.npz', 'the same images, small, in one file'],
  ],
  positionals: {
    action: {
      ...oneOf('the action', ['list', 'fetch', 'verify', 'describe', 'convert'], 'What to do'),
      demandOption: true,
    },
    name: { type: 'string', array: true, describe: 'Data sets; paths for describe and convert' },
  },
  options: {
    'data-dir': dataDir,
    ...ownData,
    split,
    out: {
      ...text('--out', 'Of convert: a .npz or .jsonl file, or a folder, that is not there yet; of describe: a picture'),
      alias: 'o',
    },
  },
  run({ action, name: names = [], dataDir, out, ...others }, context): Promise<Outcome> {
    if (action !== 'list' && names.length === 0) {
      throw new UsageError(`data ${action} needs the name of a data set; 'onnx-forge data list' shows them`);
    }
    const own = pickOwnData(others);
    const [option] = Object.keys(own);
    if (action !== 'describe' && action !== 'convert' && option !== undefined) {
      throw new UsageError(`--${option} is for data describe and data convert`, { option });
    }
    if (action === 'convert' && out === undefined) throw new UsageError('data convert needs --out');
    if (action !== 'convert' && action !== 'describe' && out !== undefined) {
      throw new UsageError('--out is for data describe and data convert');
    }
    const actions = { list, fetch: fetchSets, verify, describe, convert };
    return actions[action]({ names, dataDir, out, ...own }, context);
  },
});

async function list({ dataDir }: DataArguments): Promise<Outcome> {
  const { listDataSets } = await import('../../data/store/list.js');
  const { resolveDataDir } = await import('../../data/store/files.js');
  const sets = listDataSets(given({ dataDir }));
  const rows = sets.map(({ name, title, sizes, embedded, present, bytes }) => [
    name,
    `${sizes.train}/${sizes.validation}/${sizes.test}`,
    embedded ? 'built in' : present ? 'here' : `to fetch (${formatBytes(bytes)})`,
    title,
  ]);
  const folder = resolveDataDir(dataDir);
  return {
    text: `${table(['name', 'train/validation/test', 'files', 'what'], rows)}\n\nData folder: ${folder}`,
    json: { folder, dataSets: sets },
  };
}

async function fetchSets(
  { names, dataDir }: DataArguments,
  { progress, interruptible }: CommandContext,
): Promise<Outcome> {
  const { fetchDataSet } = await import('../../data/store/fetch.js');
  const { describeDataSet } = await import('../../data/sets/registry.js');
  for (const name of names) describeDataSet(name);
  const signal = interruptible('stopping the download; files that are whole stay');
  const dataSets = [];
  const lines = [];
  for (const name of names) {
    const files = await fetchDataSet(name, {
      ...given({ dataDir }),
      signal,
      onProgress: ({ file, received, total }) => {
        const detail = `${formatBytes(received)}${total ? ` of ${formatBytes(total)}` : ''}`;
        progress.update({ task: `fetching ${file}`, fraction: total ? received / total : 0, detail });
      },
    });
    progress.end();
    dataSets.push({ name, files });
    if (files.length === 0) lines.push(`${name}: built in, nothing to fetch`);
    for (const { path, status, bytes } of files) lines.push(`${name}: ${path} ${status} (${formatBytes(bytes)})`);
  }
  return { text: lines.join('\n'), json: { dataSets } };
}

async function verify({ names, dataDir }: DataArguments): Promise<Outcome> {
  const { verifyDataSet } = await import('../../data/store/verify.js');
  const reports = [];
  for (const name of names) reports.push(await verifyDataSet(name, given({ dataDir })));
  const lines = reports.flatMap(({ name, files }) =>
    files.length === 0
      ? [`${name}: built in, nothing to verify`]
      : files.map(({ path, status, detail }) => `${name}: ${path} ${status === 'ok' ? 'ok' : `${status}: ${detail}`}`),
  );
  const bad = reports.filter((report) => !report.ok).map(({ name }) => name);
  return {
    text: lines.join('\n'),
    json: { ok: bad.length === 0, dataSets: reports },
    failure: bad.length === 0 ? undefined : `missing or damaged: ${bad.join(', ')}`,
  };
}

async function describe({ names, dataDir, out, ...own }: DataArguments, context: CommandContext): Promise<Outcome> {
  if (out !== undefined && names.length > 1) throw new UsageError('a picture is of one data set');
  const { openDataSet } = await import('../../data/sources/open.js');
  const { summariseData } = await import('../../data/summary.js');
  const signal = context.interruptible('stopping');
  const dataSets = [];
  for (const name of names) {
    const chosen = await chosenData({ data: name, ...own });
    const onProgress = showReading(context.progress, name);
    let dataSet: DataSet;
    try {
      dataSet = await openDataSet(chosen ?? name, { dataDir, signal, onProgress });
    } catch (error) {
      const survey = typeof chosen === 'object' ? await surveyed(chosen, error, { signal, onProgress }) : undefined;
      context.progress.end();
      if (!survey) throw error;
      return survey;
    }
    context.progress.end();
    dataSets.push(summariseData(dataSet));
    if (out !== undefined) await drawSome(dataSet, out, context);
  }
  const texts = dataSets.map(({ name, found, reference, splits, fields, classes, duplicates }) =>
    [
      `${name}${found === undefined ? '' : `: ${found}`}`,
      ...(reference ? [`${reference.format} at ${reference.path}`] : []),
      '',
      ...(Object.keys(fields).length > 0 ? [fieldTable(fields), ''] : []),
      table(
        ['class', ...SPLIT_NAMES],
        [
          ['all', ...SPLIT_NAMES.map((split) => `${splits[split]}`)],
          ...(classes ?? []).map(({ name: label, ...counts }) => [
            label,
            ...SPLIT_NAMES.map((split) => `${counts[split]}`),
          ]),
        ],
      ),
      ...(duplicates ? ['', duplicateLine(duplicates)] : []),
    ].join('\n'),
  );
  if (out !== undefined && out !== STDOUT) texts.push(out);
  return {
    text: out === STDOUT ? '' : texts.join('\n\n'),
    json: { dataSets, ...(out !== undefined && { file: out }) },
  };
}

/** Faults of a folder of images that are shown; --json has all. */
const FAULTS_SHOWN = 20;

/** All that is wrong with a folder of images, where an error tells of the first fault. */
async function surveyed(reference: DataReference, error: unknown, context: OpenContext): Promise<Outcome | undefined> {
  if (!(error instanceof DataError)) return undefined;
  const { surveyImages } = await import('../../data/sources/survey.js');
  const survey = await surveyImages(reference, context);
  if (!survey || (survey.faults.length === 0 && survey.sizes.length < 2)) return undefined;
  const { files, faults, sizes } = survey;
  const more = faults.length > FAULTS_SHOWN ? [[`and ${faults.length - FAULTS_SHOWN} more`, '--json lists all']] : [];
  const shown = [...faults.slice(0, FAULTS_SHOWN).map(({ file, reason }) => [file, reason]), ...more];
  return {
    text: [
      `${reference.path}: ${files} files, of which ${faults.length === 0 ? 'all' : files - faults.length} can be read`,
      ...(faults.length > 0 ? ['', table(['file', 'why it can not be used'], shown)] : []),
      ...(sizes.length > 1
        ? [
            '',
            table(
              ['size', 'images'],
              sizes.map(({ size, images }) => [size, `${images}`]),
            ),
          ]
        : []),
    ].join('\n'),
    json: survey,
    failure: error.message,
  };
}

function duplicateLine({ examples, acrossSplits }: DuplicateSummary): string {
  if (examples === 0) return 'no example stands twice';
  const across = acrossSplits === 0 ? 'none of them' : `${acrossSplits} of them`;
  return `${examples} ${examples === 1 ? 'example equals' : 'examples equal'} an earlier one, ${across} in another split`;
}

/** Images from all over each split: a folder may be sorted by class. */
async function drawSome({ name, splits }: DataSet, out: string, context: CommandContext): Promise<void> {
  const { x } = splits.train.fields;
  const [height, width, channels = 1] = x?.shape ?? [];
  if (!x || height === undefined || width === undefined) {
    throw new InputError(`data set '${name}' has no images that a picture could show`, { name });
  }
  await requireWritableFile(out, context);
  const { gather } = await import('../../data/batches.js');
  const { imageGrid, rowsOf } = await import('../../figures/images.js');
  const { spreadIndices } = await import('../../data/views.js');
  const images = SPLIT_NAMES.flatMap((split) => {
    const count = Math.min(split === 'train' ? 4 * COLUMNS : COLUMNS, splits[split].size);
    const some = gather(splits[split], 'x', spreadIndices(splits[split], count)) as Float32Array;
    return rowsOf(some, count);
  });
  const range = x.range ?? [0, 1];
  await writeOutput(out, imageGrid(images, { height, width, channels, range }, { columns: COLUMNS }).png, context);
}

async function convert({ names, dataDir, out, ...own }: DataArguments, context: CommandContext): Promise<Outcome> {
  const [name, ...others] = names;
  if (name === undefined || others.length > 0) throw new UsageError('data convert takes one data set or path');
  const { openDataSet } = await import('../../data/sources/open.js');
  const { convertData } = await import('../../actions/convert.js');
  const signal = context.interruptible('stopping');
  const chosen = await chosenData({ data: name, ...own });
  const opening = { dataDir, signal, onProgress: showReading(context.progress, name) };
  const dataSet = await openDataSet(chosen ?? name, opening);
  const converted = await convertData(dataSet, out!, {
    signal,
    onProgress: showReading(context.progress, `to ${out}`),
  });
  context.progress.end();
  return { text: `${converted.path}: ${converted.examples} examples`, json: { ...converted } };
}

function fieldTable(fields: DataSummary['fields']): string {
  const rows = Object.entries(fields).map(([field, { shape, dtype, least, greatest }]) => {
    return [field, `[${shape.join(', ')}]`, dtype, formatNumber(least), formatNumber(greatest)];
  });
  return table(['field', 'shape', 'type', 'least', 'greatest'], rows);
}
