import { attentions } from './attention.js';
import { control } from './control.js';
import { convolutions } from './convolution.js';
import { elementwise } from './elementwise.js';
import { indexing } from './indexing.js';
import { linear } from './linear.js';
import { losses } from './losses.js';
import { normalisations } from './normalisation.js';
import type { Operator } from './operator.js';
import { paddings } from './padding.js';
import { pairwiseOperators } from './pairwise.js';
import { pooling } from './pooling.js';
import { recurrents } from './recurrent.js';
import { reductions } from './reduction.js';
import { resizing } from './resizing.js';
import { sampling } from './sampling.js';
import { sequences } from './sequences.js';
import { shaping } from './shaping.js';

/** All operators that can be read, by family. */
export const OPERATOR_FAMILIES: Readonly<Record<string, readonly Operator[]>> = {
  elementwise,
  pairwise: pairwiseOperators,
  linear,
  convolution: convolutions,
  pooling,
  normalisation: normalisations,
  reduction: reductions,
  shaping,
  indexing,
  padding: paddings,
  resizing,
  recurrent: recurrents,
  attention: attentions,
  sampling,
  losses,
  sequences,
  control,
};

/** Operators by domain and name. */
export function operatorTable(): ReadonlyMap<string, Operator> {
  const all = Object.values(OPERATOR_FAMILIES).flat();
  return new Map(all.map((each) => [`${each.domain}:${each.op}`, each]));
}
