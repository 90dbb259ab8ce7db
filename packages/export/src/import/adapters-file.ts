import { decodeSafetensors, encodeSafetensors, type NamedArrays, type StateArray, sha256 } from '@onnx-forge/infer';
import { tf } from '../tfjs.js';
import { type ImportedModel, type ImportOptions, importModel } from './import-onnx.js';
import { OnnxImportError } from './model/errors.js';

/** An ONNX file, and the files of weights beside it by their names in it. */
export interface OnnxFiles {
  readonly bytes: Uint8Array;
  readonly external: Readonly<Record<string, Uint8Array>>;
}

/** The only entry of the file's metadata. */
const KEY = 'onnx-forge-adapters';

/** The file that adapters belong to, and how they are put on. */
interface Header {
  readonly format: 1;
  /** SHA-256 of the file: see {@link hashOf}. */
  readonly base: string;
  readonly rank: number;
  readonly alpha: number;
  /** Classes of a new last layer. */
  readonly head?: number;
  readonly merged: NonNullable<ImportOptions['merged']>;
  /** The outputs that it was imported with; all, if they are not there. */
  readonly outputs?: readonly string[];
}

/** SHA-256 of an ONNX file; with files of weights, of the lines `SHA256  NAME` of all, as sha256sum writes them, the model's first. */
export async function hashOf({ bytes, external }: OnnxFiles): Promise<string> {
  const own = await sha256(bytes);
  const names = Object.keys(external).sort();
  if (names.length === 0) return own;
  const others = await Promise.all(names.map(async (name) => `${await sha256(external[name]!)}  ${name}\n`));
  return sha256(new TextEncoder().encode([`${own}  model.onnx\n`, ...others].join('')));
}

/**
 * The trained weights of a model with adapters, as a small file (safetensors): the adapters, and a new last layer. It names the ONNX file that
 * they belong to by its hash.
 *
 * @param files of the model
 * @throws OnnxImportError for a model without adapters
 */
export async function saveAdapters(model: ImportedModel, files: OnnxFiles): Promise<Uint8Array> {
  const { lora, head, merged = 'auto', outputs } = model.options;
  if (!lora) throw new OnnxImportError('the model has no adapters to save: import it with lora');
  const arrays: [string, StateArray][] = [];
  for (const variable of model.trainable) {
    const data = (await variable.data<'float32'>()).slice();
    arrays.push([model.nameOf(variable)!, { shape: variable.shape, data }]);
  }
  const { rank, alpha = rank } = lora;
  const base = await hashOf(files);
  const chosen = { ...(head && { head: head.classes }), ...(outputs && { outputs }) };
  const header: Header = { format: 1, base, rank, alpha, merged, ...chosen };
  const parts = encodeSafetensors({
    arrays: Object.fromEntries(arrays),
    metadata: { [KEY]: JSON.stringify(header) },
  });
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * An ONNX file with adapters that were saved apart from it: trained further, called, or exported with the adapters merged.
 *
 * @throws OnnxImportError for files that hold no adapters, and for those of another ONNX file
 */
export async function importWithAdapters(files: OnnxFiles, adapters: Uint8Array): Promise<ImportedModel> {
  const { header, arrays } = read(adapters);
  const hash = await hashOf(files);
  if (hash !== header.base) {
    throw new OnnxImportError(
      `the adapters belong to another ONNX file: to that of SHA-256 ${header.base}, and this one's is ${hash}`,
      { want: header.base, have: hash },
    );
  }
  const adapted = Object.keys(arrays).flatMap((name) => (name.endsWith('.lora_A') ? [name.slice(0, -7)] : []));
  const { rank, alpha, head, merged, outputs } = header;
  const model = importModel(files.bytes, {
    external: files.external,
    trainable: (name) => adapted.includes(name),
    lora: { rank, alpha },
    merged,
    ...(outputs && { outputs }),
    ...(head !== undefined && { head: { classes: head } }),
  });
  const unfit = model.trainable.find((variable) => {
    return `${arrays[model.nameOf(variable)!]?.shape}` !== `${variable.shape}`;
  });
  if (unfit || Object.keys(arrays).length !== model.trainable.length) {
    model.dispose();
    const what = unfit ? `'${model.nameOf(unfit)}' is not there, or of another shape` : 'it has arrays of no adapter';
    throw new OnnxImportError(`the file of adapters is damaged: ${what}`);
  }
  for (const variable of model.trainable) {
    const { data, shape } = arrays[model.nameOf(variable)!]!;
    tf.tidy(() => variable.assign(tf.tensor(data as Float32Array, [...shape], 'float32')));
  }
  return model;
}

function read(file: Uint8Array): { readonly header: Header; readonly arrays: NamedArrays['arrays'] } {
  try {
    const { arrays, metadata } = decodeSafetensors(file);
    const header: unknown = JSON.parse(metadata[KEY] ?? 'null');
    if (!isHeader(header)) throw new SyntaxError('it says nothing of adapters, or is of a newer format');
    const other = Object.keys(arrays).find((name) => !(arrays[name]!.data instanceof Float32Array));
    if (other !== undefined) throw new SyntaxError(`'${other}' is no float32 array`);
    return { header, arrays };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OnnxImportError(`this is no file of adapters: ${reason}`, {}, { cause: error });
  }
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  const { format, base, rank, alpha, head, merged, outputs } = value as Partial<Record<keyof Header, unknown>>;
  const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 1;
  return (
    format === 1 &&
    typeof base === 'string' &&
    isCount(rank) &&
    typeof alpha === 'number' &&
    (head === undefined || isCount(head)) &&
    (outputs === undefined || (Array.isArray(outputs) && outputs.every((name) => typeof name === 'string'))) &&
    ['auto', 'split', 'keep'].includes(merged as string)
  );
}
