import type { DataReference } from '../data-set.js';
import { DataError } from '../errors.js';
import type { ImageOptions } from '../loader/change-image.js';

/** Options of every source: how examples are split. */
export const SPLIT_OPTIONS = ['split', 'group'] as const;

/** @throws DataError (`data-format`) for an option that this sort of data does not have */
export function requireOptions({ path, options = {} }: DataReference, what: string, known: readonly string[]): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown === undefined) return;
  const message = `${path}: ${what} have no option '${unknown}'; options: ${known.join(', ')}`;
  throw new DataError('data-format', message, { path, options });
}

/** @throws DataError (`data-format`) an option that images do not have, or a value that it does not take */
export function imageOptions(reference: DataReference): ImageOptions {
  const { path, options = {} } = reference;
  requireOptions(reference, 'images', ['resize', 'grey', ...SPLIT_OPTIONS]);
  const { resize, grey } = options;
  const refuse = (what: string) => new DataError('data-format', `${path}: ${what}`, { path, options });
  if (grey !== undefined && typeof grey !== 'boolean') throw refuse(`grey must be true or false, not '${grey}'`);
  if (resize === undefined) return grey ? { grey } : {};
  const [, width, height, crop] = /^([1-9]\d{0,3})x([1-9]\d{0,3})(,crop)?$/.exec(String(resize)) ?? [];
  if (width === undefined) {
    throw refuse(`resize must be WIDTHxHEIGHT, such as 28x28, or WIDTHxHEIGHT,crop, not '${resize}'`);
  }
  return {
    resize: { width: Number(width), height: Number(height) },
    ...(crop !== undefined && { crop: true }),
    ...(grey && { grey }),
  };
}
