import { mkdir } from 'node:fs/promises';
import { cpus, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FormCache, MeasuredForm } from '@onnx-forge/export';
import { VERSION } from '@onnx-forge/infer';
import { readRegularFile, writeAtomically } from '@onnx-forge/infer/node-files';
import { z } from 'zod';

/** Of the file. */
const FORMAT = 1;

const measured = z.object({ form: z.string(), ms: z.record(z.string(), z.number()) });
const schema = z.object({
  format: z.literal(FORMAT),
  /** By machine and conditions, then by operation and shapes. */
  machines: z.record(z.string(), z.record(z.string(), measured)),
});
type Content = z.infer<typeof schema>;

/**
 * The file that measured forms are kept in: `ONNX_FORGE_FORMS`, else `onnx-forge/forms.json` in the user's folder of caches. Undefined
 * if `ONNX_FORGE_FORMS` is `off`.
 */
export function formCacheFile(): string | undefined {
  const { ONNX_FORGE_FORMS: file, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (file === 'off') return undefined;
  const caches = XDG_CACHE_HOME || LOCALAPPDATA || join(homedir(), '.cache');
  return file || join(caches, 'onnx-forge', 'forms.json');
}

/** Measured forms in a JSON file, by processor and version; what can't be read is as if it were not there. */
export class FormFile implements FormCache {
  readonly #path: string;
  readonly #onNotice: (text: string) => void;

  constructor(path: string, onNotice: (text: string) => void) {
    this.#path = path;
    this.#onNotice = onNotice;
  }

  async read(conditions: string): Promise<Readonly<Record<string, MeasuredForm>>> {
    const found = await this.#content();
    if (typeof found === 'string')
      this.#onNotice(`${this.#path} is ignored, delete it to have it written anew: ${found}`);
    return typeof found === 'string' ? {} : (found.machines[key(conditions)] ?? {});
  }

  async add(conditions: string, measured: Readonly<Record<string, MeasuredForm>>): Promise<void> {
    // Read again: another process may have added to it. Of two that write at once the later one's choices stay.
    const found = await this.#content();
    if (typeof found === 'string') return; // it may be no cache at all
    const { machines } = found;
    const here = { ...machines[key(conditions)], ...measured };
    const content: Content = { format: FORMAT, machines: { ...machines, [key(conditions)]: here } };
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeAtomically(this.#path, `${JSON.stringify(content, undefined, 2)}\n`);
    } catch (error) {
      this.#onNotice(`measured forms are not kept: ${(error as Error).message}`);
    }
  }

  /** The file's content, or why it can't be read. */
  async #content(): Promise<Content | string> {
    try {
      return schema.parse(JSON.parse((await readRegularFile(this.#path)).toString('utf8')));
    } catch (error) {
      if (error instanceof z.ZodError) return 'it holds no forms that this version measured';
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? { format: FORMAT, machines: {} } : message;
    }
  }
}

/** Times hold for a processor, and for the versions that make and run the graphs. */
function key(conditions: string): string {
  return `${cpus()[0]?.model.trim() ?? process.arch}, ${cpus().length} cores, onnx-forge ${VERSION}, ${conditions}`;
}
