import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '@onnx-forge/infer';
import { writeAtomically } from '@onnx-forge/infer/node-files';
import { readArtifacts, readWeights, reasonOf, SavedModelError } from '../sources/saved-model.js';
import { tf } from '../tfjs.js';
import { modelJson, WEIGHTS_FILE } from './model-json.js';

const SCHEME = 'file://';

/** Loads and saves models in the file system: what `file://` URLs and `tf.io.fileSystem` stand for. */
export class NodeFileSystem implements tf.io.IOHandler {
  static readonly URL_SCHEME: string = SCHEME;
  readonly #path: string | readonly [topology: string, manifest: string];

  /**
   * @param path to save: a folder, which is made if there is none. To load: a `model.json`, or two files, the topology and
   * the JSON file that lists the weights
   * @throws InputError another number of paths
   */
  constructor(path: string | readonly string[]) {
    if (typeof path === 'string') {
      this.#path = resolve(path);
    } else {
      const [topology, manifest, ...others] = path;
      if (topology === undefined || manifest === undefined || others.length > 0) {
        throw new InputError(`file paths must have a length of 2, (actual length is ${path.length}).`);
      }
      this.#path = [resolve(topology), resolve(manifest)];
    }
  }

  /**
   * Writes `model.json` and `weights.bin`. Each is replaced as a whole, the weights first; a killed save leaves no file cut off.
   * @throws SavedModelError (`tfjs-model`) the folder can't be written
   */
  readonly save = async (artifacts: tf.io.ModelArtifacts): Promise<tf.io.SaveResult> => {
    const folder = this.#path;
    if (typeof folder !== 'string') throw new InputError('Cannot perform saving to multiple paths.');
    if (artifacts.modelTopology instanceof ArrayBuffer) {
      throw new InputError('a model whose topology is binary cannot be saved: tfjs itself no longer runs such models');
    }
    await makeFolder(folder);
    const weights = [artifacts.weightData ?? []].flat().map((part) => new Uint8Array(part));
    try {
      await writeAtomically(join(folder, WEIGHTS_FILE), weights);
      await writeAtomically(join(folder, 'model.json'), [modelJson(artifacts)]);
    } catch (error) {
      throw new SavedModelError(`${folder} can't be written: ${reasonOf(error)}`, folder, { cause: error });
    }
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  };

  /** @throws SavedModelError (`tfjs-model`) that names the file that is missing, damaged or cut off */
  readonly load = async (): Promise<tf.io.ModelArtifacts> => {
    if (typeof this.#path === 'string') {
      await requireFile('Path', this.#path);
      return readWithWeights(this.#path, readArtifacts);
    }
    const [topology, manifest] = this.#path;
    await requireFile('Topology Path', topology);
    await requireFile('Weight Manifest Path', manifest);
    const modelTopology = new Uint8Array(await readFile(topology)).buffer;
    return { modelTopology, ...(await readWithWeights(manifest, readWeights)) };
  };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdirs(path);
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    throw new SavedModelError(`${path} can't be made: ${reasonOf(error)}`, path, { cause: error });
  }
  throw new SavedModelError(
    `Path ${path} exists as a file. The path must be nonexistent or point to a directory.`,
    path,
  );
}

/** Node's recursive `mkdir` never returns where a file system answers that the folder above is missing (/proc). */
async function mkdirs(path: string): Promise<void> {
  const above = dirname(path);
  const isThere = (folder: string) => stat(folder).then(Boolean, () => false);
  if (await isThere(path)) return;
  if (above !== path) await mkdirs(above);
  await mkdir(path).catch(async (error) => {
    if (!(await isThere(path))) throw error;
  });
}

async function requireFile(name: string, path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'does not exist' : `can't be read (${reasonOf(error)})`;
    throw new SavedModelError(`${name} ${path} ${reason}: loading failed`, path, { cause: error });
  });
  if (found.isFile()) return;
  const inside = join(path, 'model.json');
  const hint = await stat(inside).then(
    () => `load ${inside}`,
    () => 'there is no model.json in it',
  );
  throw new SavedModelError(
    `${path}: The path to load from must be a file. Loading from a directory is not supported: ${hint}`,
    path,
  );
}

/** Errors of missing weights in the words of tfjs-node. */
async function readWithWeights<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    const { code, path: missing } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw error;
    const message = `Weight file ${missing} does not exist: loading failed (${path} lists it)`;
    throw new SavedModelError(message, path, { cause: error });
  }
}

/**
 * A handler for `model.save`, `tf.loadLayersModel` and `tf.loadGraphModel`.
 * @param path see {@link NodeFileSystem}
 */
export function fileSystem(path: string | readonly string[]): NodeFileSystem {
  return new NodeFileSystem(path);
}

/** Makes the handler of a `file://` URL, or of several; null for other URLs. */
function nodeFileSystemRouter(url: string | string[]): NodeFileSystem | null {
  const isFile = (one: string) => one.startsWith(SCHEME);
  if (![url].flat().every(isFile)) return null;
  const paths = [url].flat().map((one) => one.slice(SCHEME.length));
  return new NodeFileSystem(typeof url === 'string' ? paths[0]! : paths);
}

/** Makes tfjs load from and save to `file://` URLs, unless it does so already. */
export function registerFileSystem(): void {
  const probe = `${SCHEME}model.json`;
  // tfjs asks for a handler or null, but declares a handler.
  const router = nodeFileSystemRouter as Parameters<typeof tf.io.registerLoadRouter>[0];
  if (tf.io.getLoadHandlers(probe).length === 0) tf.io.registerLoadRouter(router);
  if (tf.io.getSaveHandlers(probe).length === 0) tf.io.registerSaveRouter(router);
}
