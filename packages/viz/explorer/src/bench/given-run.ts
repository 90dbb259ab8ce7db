import { loadManifest, RunFolderError, type RunSource } from '@onnx-forge/infer';
import { type OfferedRun, type RunFigure, runOfManifest } from '../state/offer.js';

/** A run folder that was dropped or picked. Throws RunFolderError when it holds no manifest. */
export async function runOfFiles(files: readonly File[]): Promise<OfferedRun> {
  const paths = new Map(files.map((file) => [file.webkitRelativePath || file.name, file]));
  const manifest = [...paths.keys()]
    .filter((path) => path.split('/').at(-1) === 'manifest.json')
    .sort((a, b) => a.length - b.length)[0];
  if (manifest === undefined) {
    throw new RunFolderError('run-missing', 'no manifest.json among these files: drop a whole run folder', {});
  }
  const root = manifest.slice(0, -'manifest.json'.length);
  const name = root.split('/').at(-2) ?? 'dropped run';
  const figures = [...paths].flatMap(([path, file]): RunFigure[] => {
    const figure = path.startsWith(`${root}figures/`) ? /([^/]+)\.png$/.exec(path)?.[1] : undefined;
    return figure === undefined ? [] : [{ name: figure, url: URL.createObjectURL(file) }];
  });
  const source = new DroppedSource(name, root, paths);
  return runOfManifest(name, source, await loadManifest(source, { kinds: 'any' }), figures);
}

/** A run folder that was dropped. @throws RunFolderError */
export async function runOfDrop(items: DataTransferItemList): Promise<OfferedRun> {
  return runOfFiles(await droppedFiles(items));
}

/** A run at an address. @throws RunFolderError when there is none */
export async function runAt(address: string): Promise<OfferedRun> {
  const { href } = new URL(address, document.baseURI);
  return runOfManifest(href, href, await loadManifest(href, { kinds: 'any' }));
}

class DroppedSource implements RunSource {
  constructor(
    readonly location: string,
    readonly root: string,
    readonly files: ReadonlyMap<string, File>,
  ) {}

  async read(file: string): Promise<Uint8Array | undefined> {
    const found = this.files.get(this.root + file);
    return found && new Uint8Array(await found.arrayBuffer());
  }

  async explainAbsence(): Promise<RunFolderError> {
    return new RunFolderError('run-missing', `${this.location} has no manifest.json`, { location: this.location });
  }
}

/** All files of a drop, folders included, with their paths. */
async function droppedFiles(items: DataTransferItemList): Promise<File[]> {
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') });
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return files;
    for (const child of part) files.push(...(await filesOf(child)));
  }
}
