import { suggestionAndList } from '../../suggest.js';
import type { DataSetDescription } from '../description.js';
import { DataError } from '../errors.js';
import { syntheticDigits } from '../synthetic/synthetic-digits.js';
import { syntheticFaces } from '../synthetic/synthetic-faces.js';
import { syntheticGrammar } from '../synthetic/synthetic-grammar.js';
import { syntheticHouseNumbers } from '../synthetic/synthetic-house-numbers.js';
import { syntheticSentences } from '../synthetic/synthetic-sentences.js';
import { syntheticShapes } from '../synthetic/synthetic-shapes.js';
import { syntheticText } from '../synthetic/synthetic-text.js';
import { attFaces } from './att-faces.js';
import { binarizedMnist } from './binarized-mnist.js';
import { cifar10 } from './cifar10.js';
import { engFra } from './eng-fra.js';
import { lfw } from './lfw.js';
import { mnist } from './mnist.js';
import { mr } from './mr.js';
import { sst2, sst2Phrases } from './sst2.js';
import { svhn } from './svhn.js';
import { tinyshakespeare } from './tinyshakespeare.js';

/** Every data set known by name. */
export const DATA_SETS: readonly DataSetDescription[] = [
  mnist,
  binarizedMnist,
  svhn,
  cifar10,
  attFaces,
  lfw,
  sst2,
  sst2Phrases,
  mr,
  syntheticDigits,
  syntheticHouseNumbers,
  syntheticFaces,
  syntheticShapes,
  tinyshakespeare,
  syntheticText,
  engFra,
  syntheticGrammar,
  syntheticSentences,
];

/** @throws DataError (`data-unknown`) that suggests the nearest name */
export function describeDataSet(name: string): DataSetDescription {
  const known = DATA_SETS.find((description) => description.name === name);
  if (known) return known;
  const names = DATA_SETS.map((description) => description.name);
  throw new DataError('data-unknown', `there is no data set '${name}'${suggestionAndList(name, names, 'known: ')}`, {
    name,
    known: names,
  });
}
