/** Colours of the style sheet, `--tone-0` and so on. */
export const TONES = 6;

/** Dashes, so that lines can be told apart without their colours. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export function dashOf(tone: number): readonly number[] {
  return DASHES[(Math.floor(tone / TONES) + (tone % TONES)) % DASHES.length]!;
}
