import { issueLine } from '@onnx-forge/infer/value-rule';
import type { z } from 'zod';
import { suggestion } from '../../suggest.js';

/** The value at a path of keys and indices; undefined: nothing is there. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | null | undefined)?.[key], value);
}

/** Where an issue is: for a setting that is unknown, the setting itself. */
export function issuePath(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  return issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
}

/**
 * One line on what is wrong in a file of settings. Messages of a schema are noun phrases: what a value must be; or they are
 * sentences, and say so by `params: {sentence: true}`.
 *
 * @param value all of the file
 * @param known the settings that the object with an unknown one has
 */
export function issueText(issue: z.core.$ZodIssue, value: unknown, known: readonly string[]): string {
  const { path, message, code } = issue;
  if (code === 'unrecognized_keys') {
    const place = issueLine({ path, message: '' }, value, 'the file').replace(/: $/, '');
    const unknown = issue.keys[0]!.slice(0, 60);
    const list = known.length > 0 ? `; settings: ${known.join(', ')}` : '';
    return `${place} has no setting '${unknown}'${suggestion(unknown, known) || list}`;
  }
  if (code === 'custom' && issue.params?.sentence) return issueLine(issue, value, 'the file');
  const expects = message.startsWith('Invalid ') ? undefined : message;
  return issueLine({ path, message, code, params: { expects } }, value, 'the file');
}
