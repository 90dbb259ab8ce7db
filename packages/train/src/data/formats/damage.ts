/** The fault of a file by a reader's error: one that looks for what isn't there says so in the engine's words, which are left out. */
export function damageOf(error: unknown): string {
  if (error instanceof TypeError || error instanceof RangeError) return 'a part is missing or cut off';
  return error instanceof Error ? error.message : String(error);
}
