import type { z } from 'zod';
import { suggestion } from '../../suggest.js';

/** A value as JSON, its beginning if it is long; undefined if there is none. */
export function shown(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text !== undefined && text.length > 60 ? `${text.slice(0, 60)}...` : text;
  } catch {
    return 'something that is nested too deeply';
  }
}

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
  const where = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const place = where.replace(/^\./, '') || 'the file';
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0]!.slice(0, 60);
    const list = known.length > 0 ? `; settings: ${known.join(', ')}` : '';
    return `${place} has no setting '${unknown}'${suggestion(unknown, known) || list}`;
  }
  if (issue.code === 'custom' && issue.params?.sentence) return `${place}: ${issue.message}`;
  const wanted = issue.message.replace(/^Invalid (input: expected|option: expected) (.*?)(, received .*)?$/, '$2');
  const must = `must be ${wanted === 'object' || wanted === 'record' ? 'an object' : wanted}`;
  const found = shown(valueAt(value, issue.path));
  return found === undefined ? `${place} is missing: it ${must}` : `${place} ${must}, not ${found}`;
}
