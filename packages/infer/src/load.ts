import { openFolder } from '#platform';
import { openDevice } from './device/open.js';
import type { ComputeDevice, DeviceOptions, Session } from './device/types.js';
import { GraphError, RunFolderError } from './errors.js';
import { type GraphEntry, MANIFEST_FILE, type Manifest, parseManifest, type ValueEntry } from './manifest.js';
import { checkRoles, createModel, type Model } from './model/kinds.js';
import { type RunSource, UrlSource } from './source.js';
import { describe, type TensorSpec } from './tensor.js';

/**
 * Loads a trained run, from a folder or from the http(s) URL under which the folder lies. The manifest's `kind` decides
 * the methods: narrow on `model.kind`.
 *
 * Throws RunFolderError (no run there, unfinished, from a newer version, a graph missing or not the one that the
 * manifest describes), GraphError (not an ONNX file, or not of the shapes in the manifest) or DeviceError.
 */
export async function load(location: string | URL, options: DeviceOptions = {}): Promise<Model> {
  const source = await openSource(location);
  const manifest = await readManifest(source);
  checkRoles(manifest, source.location);
  const device = await openDevice(options);
  try {
    const graphs: Record<string, Session> = {};
    for (const [name, entry] of Object.entries(manifest.graphs)) {
      graphs[name] = await openGraph(source, entry, device);
    }
    return createModel({ location: source.location, manifest, device, graphs });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** A run's manifest alone; the graphs are not looked at. Throws RunFolderError. */
export async function loadManifest(location: string | URL): Promise<Manifest> {
  return readManifest(await openSource(location));
}

async function openSource(location: string | URL): Promise<RunSource> {
  const text = String(location);
  return /^https?:\/\//i.test(text) ? new UrlSource(new URL(text)) : openFolder(text);
}

async function readManifest(source: RunSource): Promise<Manifest> {
  const bytes = await source.read(MANIFEST_FILE);
  if (!bytes) throw await source.explainAbsence();
  return parseManifest(new TextDecoder().decode(bytes), `${source.location}: ${MANIFEST_FILE}`);
}

async function openGraph(source: RunSource, entry: GraphEntry, device: ComputeDevice): Promise<Session> {
  const { location } = source;
  const { file } = entry;
  const bytes = await source.read(file);
  if (!bytes) {
    throw new RunFolderError('graph-missing', `${location}: ${file} is missing, though the manifest lists it`, {
      location,
      file,
    });
  }
  const found = await sha256(bytes);
  if (found !== entry.sha256) {
    throw new RunFolderError(
      'graph-hash',
      `${location}: ${file} is not the file that was exported: ${bytes.length} bytes with sha256 ${found}, expected ${entry.bytes} bytes with ${entry.sha256}`,
      { location, file, found, expected: entry.sha256 },
    );
  }
  const name = `${location}: ${file}`;
  const session = await device.open(bytes, { name });
  checkSignature(name, 'input', session.inputs, entry.inputs);
  checkSignature(name, 'output', session.outputs, entry.outputs);
  return session;
}

/** Free dimensions may differ in name; a graph's output may leave free what the manifest knows. */
function checkSignature(
  name: string,
  role: 'input' | 'output',
  found: Readonly<Record<string, TensorSpec>>,
  expected: Readonly<Record<string, ValueEntry>>,
): void {
  for (const [value, { dtype, shape }] of Object.entries(expected)) {
    const spec = found[value];
    const fits =
      spec?.type === dtype &&
      spec.shape.length === shape.length &&
      spec.shape.every((size, axis) =>
        typeof size === 'string' ? role === 'output' || typeof shape[axis] === 'string' : size === shape[axis],
      );
    if (fits) continue;
    const actual = spec ? describe(spec.type, spec.shape) : 'missing';
    throw new GraphError(
      'graph-signature',
      `${name}: ${role} '${value}' is ${actual}, but the manifest says ${describe(dtype, shape)}`,
      { value, expected: { dtype, shape }, found: spec },
    );
  }
}

/** Lower-case hexadecimal. */
async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
