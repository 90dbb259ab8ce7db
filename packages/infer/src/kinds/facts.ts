/** Schemas of facts that several kinds have. */
import type { ImageEntry } from '../manifest/base.js';
import { size, withoutEval, z } from '../manifest/schema.js';
import { TOKENISER_NAMES } from '../text/tokenisers.js';

export const image: z.ZodType<ImageEntry> = withoutEval(() =>
  z.object({ height: size, width: size, channels: size, range: z.tuple([z.number(), z.number()]) }),
);

/** The names of two classes or more. */
export const classes: z.ZodType<readonly string[]> = z.array(z.string()).min(2);

/** Of the kinds that read texts: how a text becomes tokens, and by which of the manifest's vocabularies token ids. */
export interface TokenFacts {
  /** A name of `TOKENISER_NAMES`: see `tokeniser`. */
  readonly tokeniser: string;
  /** A key of the manifest's `vocabularies`. */
  readonly vocabulary: string;
}

export const tokenFacts: { readonly [K in keyof TokenFacts]: z.ZodType<TokenFacts[K]> } = {
  tokeniser: z.enum(TOKENISER_NAMES),
  vocabulary: z.string().min(1),
};

/** How many numbers an image has. */
export function pixelsOf({ height, width, channels }: ImageEntry): number {
  return height * width * channels;
}
