/** Schemas of facts that several kinds have. */
import type { ImageEntry } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';

export const image: z.ZodType<ImageEntry> = withoutEval(() =>
  z.object({ height: size, width: size, channels: size, range: z.tuple([z.number(), z.number()]) }),
);

/** The names of two classes or more. */
export const classes: z.ZodType<readonly string[]> = z.array(z.string()).min(2);

/** How many numbers an image has. */
export function pixelsOf({ height, width, channels }: ImageEntry): number {
  return height * width * channels;
}
