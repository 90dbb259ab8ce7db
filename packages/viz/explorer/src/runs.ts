import { decodeSafetensors, RunFolderError, type RunSource } from '@onnx-forge/infer';

/** A run that the page offers. */
export interface OfferedRun {
  readonly name: string;
  /** Its folder's URL, relative to the page; or the dropped files themselves. */
  readonly location: string | RunSource;
  /** URL of some examples of its test split, where there are any. */
  readonly examples?: string;
  /** Its figures, where the page is to show them. */
  readonly figures?: readonly RunFigure[];
}

/** A picture of a run's `figures` folder. */
export interface RunFigure {
  readonly name: string;
  readonly url: string;
}

/** Some examples that go with a run. */
export interface TestExamples {
  /** [count, pixels]. */
  readonly images: Float32Array;
  readonly count: number;
  /** Class of each. */
  readonly labels?: Int32Array;
}

/** Runs of `runs.json` beside the page; none without that file. */
export async function offeredRuns(): Promise<readonly OfferedRun[]> {
  const response = await fetch('runs.json').catch(() => undefined);
  if (!response?.ok) return [];
  return response.json().catch(() => []) as Promise<OfferedRun[]>;
}

export async function testExamples(url: string): Promise<TestExamples | undefined> {
  const response = await fetch(url);
  if (!response.ok) return undefined;
  const { arrays } = decodeSafetensors(new Uint8Array(await response.arrayBuffer()));
  const { x, label } = arrays;
  if (!x) return undefined;
  return {
    images: x.data as Float32Array,
    count: x.shape[0]!,
    ...(label && { labels: label.data as Int32Array }),
  };
}

/** A run folder that was dropped or picked. Throws RunFolderError when it holds no manifest. */
export function runOfFiles(files: readonly File[]): OfferedRun {
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
  return { name, location: new DroppedSource(name, root, paths), figures };
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
export async function droppedFiles(items: DataTransferItemList): Promise<File[]> {
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
