import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ForgeError } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { issueLine } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';
import type { tf } from '../tfjs.js';

/** A saved model can't be read or written (code `tfjs-model`). */
export class SavedModelError extends ForgeError<'tfjs-model'> {
  constructor(message: string, path: string, options?: ErrorOptions) {
    super('tfjs-model', message, { path }, options);
  }
}

const weights = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool', 'string', 'complex64']),
  quantization: z.looseObject({ dtype: z.enum(['uint8', 'uint16', 'float16']) }).optional(),
});
const manifestSchema = z.array(z.looseObject({ paths: z.array(z.string()), weights: z.array(weights) }));
const modelSchema = z.looseObject({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: manifestSchema.optional(),
});

type WeightGroup = z.infer<typeof manifestSchema>[number];

const VALUE_BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 } as const;

/** Nesting beyond that is no model's, and would exhaust the stack of all that walks through it. */
const DEEPEST = 500;

/** Whether some part of a JSON value lies in more than `depth` others. */
function isDeeper(json: unknown, depth: number): boolean {
  let level = [json];
  for (let at = 0; at <= depth; at++) {
    level = level.flatMap((part) => (typeof part === 'object' && part !== null ? Object.values(part) : []));
    if (level.length === 0) return false;
  }
  return true;
}

/**
 * The content of a `model.json`.
 * @param location a file, or an http(s) URL
 * @throws SavedModelError that names it and what is wrong with it
 */
export async function readModelJson(location: string): Promise<unknown> {
  const content = (await readBytes(location)).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new SavedModelError(`${location} is not JSON: ${(error as Error).message}`, location, { cause: error });
  }
  if (isDeeper(json, DEEPEST)) throw new SavedModelError(`${location} is nested more than ${DEEPEST} deep`, location);
  return json;
}

/**
 * Reads a model as `model.save` and the converter write it: model.json with the weight shards beside it. This is
 * tfjs-node's `file://` loading without tfjs-node, and loading by URL.
 * @throws SavedModelError that names the file and what is wrong with it
 */
export async function readArtifacts(location: string): Promise<tf.io.ModelArtifacts> {
  const { weightsManifest = [], ...rest } = parsed(modelSchema, await readModelJson(location), location);
  return { ...rest, ...(await readGroups(location, weightsManifest)) };
}

/**
 * Reads the weights that a manifest lists, from files beside it: of models whose topology is a file of its own.
 * @param location of the manifest, a JSON file: a file, or an http(s) URL
 * @throws SavedModelError that names the file and what is wrong with it
 */
export async function readWeights(location: string): Promise<SavedWeights> {
  return readGroups(location, parsed(manifestSchema, await readModelJson(location), location));
}

/** Weights in one piece, as tfjs takes them. */
export interface SavedWeights {
  readonly weightSpecs: tf.io.WeightsManifestEntry[];
  readonly weightData: ArrayBuffer;
}

async function readGroups(location: string, manifest: readonly WeightGroup[]): Promise<SavedWeights> {
  const groups = await Promise.all(manifest.map((group) => readGroup(location, group)));
  return {
    weightSpecs: manifest.flatMap((group) => group.weights) as tf.io.WeightsManifestEntry[],
    weightData: new Uint8Array(Buffer.concat(groups)).buffer,
  };
}

/** A value of a schema. @throws SavedModelError that names the first thing that is wrong */
export function parsed<T>(schema: z.ZodType<T>, json: unknown, location: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const fault = issueLine(result.error.issues[0]!, json);
  throw new SavedModelError(`${location} is not a saved tfjs model: ${fault}`, location);
}

/** The shards of one group, joined; their length must be that of the group's weights. */
async function readGroup(location: string, { paths, weights }: WeightGroup): Promise<Buffer> {
  const files = paths.map((name) => besides(location, name));
  const shards = await Promise.all(files.map((file) => readBytes(file, `weights of ${location}: `)));
  const data = Buffer.concat(shards);
  const size = weights.reduce((sum, { shape, dtype, quantization }) => {
    // Texts say their own lengths.
    const each = VALUE_BYTES[(quantization?.dtype ?? dtype) as keyof typeof VALUE_BYTES] ?? Number.NaN;
    return sum + each * shape.reduce((product, length) => product * length, 1);
  }, 0);
  if (Number.isNaN(size) || data.length === size) return data;
  const names = files.join(', ');
  throw new SavedModelError(`weights of ${location}: ${names} hold ${data.length} bytes instead of ${size}`, location);
}

/** Whether a location is an http(s) URL, not a file. */
function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/**
 * A file beside another one, or in a folder there; a URL's query (a signature, say) goes with every file.
 * @throws SavedModelError when the name leads elsewhere: who wrote the model is not to choose what is read
 */
export function besides(location: string, name: string): string {
  const place = isUrl(location) ? urlBesides(location, name) : fileBesides(location, name);
  if (place !== undefined) return place;
  throw new SavedModelError(
    `${location} names weights that are not in its folder: '${name.slice(0, 100)}'; put them there and name them by their relative path`,
    location,
  );
}

function fileBesides(location: string, name: string): string | undefined {
  const folder = dirname(location);
  const path = join(folder, name);
  const inside = relative(folder, path);
  return isAbsolute(name) || isAbsolute(inside) || inside.split(sep)[0] === '..' ? undefined : path;
}

function urlBesides(location: string, name: string): string | undefined {
  const url = URL.canParse(name, location) ? new URL(name, location) : undefined;
  if (!url?.href.startsWith(new URL('.', location).href)) return undefined;
  if (url.search === '') url.search = new URL(location).search;
  return url.href;
}

/**
 * The bytes of a file or of what an http(s) URL gives.
 * @throws SavedModelError that names it, after the prefix
 */
export async function readBytes(location: string, prefix = ''): Promise<Buffer> {
  try {
    return await (isUrl(location) ? download(location) : readRegularFile(location));
  } catch (error) {
    throw new SavedModelError(`${prefix}${location} can't be read: ${reasonOf(error)}`, location, { cause: error });
  }
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server says ${`${response.status} ${response.statusText}`.trim()}`);
  return Buffer.from(await response.arrayBuffer());
}

/** The message of an error; Node's `fetch` tells the reason in its error's cause. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const told = cause instanceof Error && cause.message !== '' ? cause : error;
  return told instanceof Error ? told.message : String(told);
}
