import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';

/** Images of 32 x 32 in three colour planes. */
export const CIFAR_SIZE = 32;
const PIXELS = 3 * CIFAR_SIZE * CIFAR_SIZE;

export interface CifarRecords {
  readonly count: number;
  readonly labels: Uint8Array;
  /** [count, 3, 32, 32]: red, green, blue, each plane row by row. */
  readonly planes: Uint8Array;
}

/**
 * CIFAR-10's binary version: records of a label byte and 3072 pixel bytes, nothing before, between or after them
 * (https://www.cs.toronto.edu/~kriz/cifar.html).
 *
 * @throws FormatError for a record that is cut off and for a label above 9
 */
export function parseCifar({ file, bytes }: FileContent): CifarRecords {
  const record = 1 + PIXELS;
  const count = Math.floor(bytes.length / record);
  const rest = bytes.length % record;
  if (count === 0 || rest !== 0) {
    throw new FormatError({
      file,
      offset: count * record,
      expected: `a record of ${record} bytes (a label and 3 x 32 x 32 pixels)`,
      found: `${rest} bytes`,
      truncated: true,
    });
  }
  const labels = new Uint8Array(count);
  const planes = new Uint8Array(count * PIXELS);
  for (let i = 0; i < count; i++) {
    const label = bytes[i * record]!;
    if (label > 9) {
      throw new FormatError({
        file,
        offset: i * record,
        expected: 'a label 0 to 9',
        found: `${label}`,
        truncated: false,
      });
    }
    labels[i] = label;
    planes.set(bytes.subarray(i * record + 1, (i + 1) * record), i * PIXELS);
  }
  return { count, labels, planes };
}
