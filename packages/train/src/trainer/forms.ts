import type { FormOptions, FormTable } from '@onnx-forge/export';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { z } from 'zod';
import { FormFile, formCacheFile } from '../engine/form-cache.js';
import { TrainError } from '../errors.js';
import type { TrainRequest } from './request.js';

/** A run's manifest, or any file with the same entry. */
const formsFile = z.object({ forms: z.record(z.string(), z.string()) });

/**
 * How the compiled engine chooses the forms of operations that have several. A run that goes on has those that it was begun with,
 * whatever is asked for now: other forms would round otherwise.
 *
 * @throws TrainError (`option-invalid`) when the file that is named holds no forms
 */
export async function formOptions(
  { forms = 'default', threads }: Pick<TrainRequest, 'forms' | 'threads'>,
  before: FormTable | undefined,
  onNotice: (text: string) => void,
): Promise<FormOptions> {
  if (before) return { forms: before };
  if (forms === 'default') return {};
  if (forms !== 'measured') return { forms: typeof forms === 'string' ? await readForms(forms) : forms };
  const path = formCacheFile();
  return {
    forms,
    ...(path !== undefined && { formCache: new FormFile(path, onNotice) }),
    ...(threads === 1 && { formClock: processorTime }),
  };
}

/** Milliseconds of this process's own: what other programs take of the time is not in it. Of several threads it would be the sum. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function readForms(path: string): Promise<FormTable> {
  try {
    return formsFile.parse(JSON.parse((await readRegularFile(path)).toString('utf8'))).forms;
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? "it has no 'forms': name the manifest of a run" : (error as Error).message;
    const message = `forms are 'default', 'measured', or a file that holds them, and ${path} can't be read as one: ${reason}`;
    throw new TrainError('option-invalid', message, { path, reason }, { cause: error });
  }
}

/** Says which of the given forms are of no operation in the steps: they are of other shapes, or of another model. */
export function describeUnused(given: FormOptions['forms'], taken: FormTable): string | undefined {
  if (typeof given !== 'object') return undefined;
  const names = Object.keys(given);
  const unused = names.filter((name) => !Object.hasOwn(taken, name)).length;
  if (unused === 0) return undefined;
  return `${unused} of ${names.length} given forms are of operations or shapes that these steps do not have`;
}
