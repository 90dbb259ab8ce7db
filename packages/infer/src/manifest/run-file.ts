import { count, z } from './schema.js';

/** A file of a run, as its manifest describes it. */
export interface RunFile {
  /** Relative to the run folder, with forward slashes, inside it. */
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

export const sha256: z.ZodType<string> = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** The schema of each part of a {@link RunFile}. */
export const runFile: {
  readonly file: z.ZodType<string>;
  readonly sha256: z.ZodType<string>;
  readonly bytes: z.ZodType<number>;
} = {
  file: z
    .string()
    .refine(isInsideFolder, 'expected a relative path inside the run folder, with forward slashes and no ".."'),
  sha256,
  bytes: count,
};

/** A file must stay inside its run folder, on every system and under every URL. */
function isInsideFolder(file: string): boolean {
  const parts = file.split('/');
  // URLs drop control characters, and spaces at the ends: `.\t.` would become `..`.
  return (
    !/[\\:?#%\p{Cc}]/u.test(file) && parts.every((part) => part === part.trim() && !['', '.', '..'].includes(part))
  );
}
