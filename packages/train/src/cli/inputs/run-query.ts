import { type Condition, type ListedRun, namesOf, parseCondition } from '@onnx-forge/viz/runs';
import { suggestionAndList } from '../../suggest.js';
import { UsageError } from '../errors.js';

/** @throws UsageError when no run has anything of this name */
export function requireKnown(runs: readonly ListedRun[], key: string): void {
  const known = namesOf(runs);
  if (runs.length === 0 || known.includes(key)) return;
  throw new UsageError(`no run has '${key}'${suggestionAndList(key, known, 'known: ')}`, { key, known });
}

/** `recipe=vae`, `latentDim>=20`, `state!=finished`. @throws UsageError */
export function conditionOf(text: string): Condition {
  const condition = parseCondition(text);
  if (condition !== undefined) return condition;
  throw new UsageError(
    `--where takes NAME=VALUE, or !=, <, <=, >, >= in place of =, such as recipe=vae, not '${text}'`,
  );
}
