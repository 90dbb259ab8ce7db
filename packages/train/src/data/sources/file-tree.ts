import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { ArchiveEntry } from '../formats/archive.js';

/** A file of a tree. */
export interface TreeFile {
  readonly name: string;
  /** The beginning of its path, up to the name. */
  readonly prefix: string;
  /** Its bytes, of a file within an archive. */
  readonly bytes?: Uint8Array;
}

/** For messages; of a folder's file also where it lies. Made when it is asked for: a folder may have very many files. */
export function pathOf({ prefix, name }: TreeFile): string {
  return prefix + name;
}

/** A folder on the disk or within an archive: what lies in it, by name; files of the system are left out. */
export interface TreeFolder {
  readonly name: string;
  readonly path: string;
  readonly files: readonly TreeFile[];
  readonly folders: readonly TreeFolder[];
}

/** Files that systems put into folders without being asked: names that begin with a dot, and those of Windows and of macOS's archives. */
export function isOfSystem(name: string): boolean {
  return name.startsWith('.') || /^(thumbs\.db|desktop\.ini|__macosx)$/i.test(name);
}

/** Folders of splits, of classes, and one below them that is refused by its name. */
const DEEPEST = 3;

/** The tree of a folder on the disk; what lies deeper than folders of splits and classes is not looked at. */
export async function readTree(path: string, name = '', depth = 0): Promise<TreeFolder> {
  const files: TreeFile[] = [];
  const folders: TreeFolder[] = [];
  const entries = depth > DEEPEST ? [] : await readdir(path, { withFileTypes: true });
  const prefix = join(path, sep);
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (isOfSystem(entry.name)) continue;
    const place = prefix + entry.name;
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(place)));
    if (isFolder) folders.push(await readTree(place, entry.name, depth + 1));
    else files.push({ name: entry.name, prefix });
  }
  return { name, path, files, folders };
}

/** A folder without what lies in its folders. */
export function readShallow(path: string): Promise<TreeFolder> {
  return readTree(path, '', DEEPEST);
}

async function leadsToFolder(link: string): Promise<boolean> {
  return stat(link).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** The tree of an archive's files; paths in messages are `ARCHIVE: PATH`. */
export function archiveTree(archive: string, entries: readonly ArchiveEntry[]): TreeFolder {
  const split = entries.map(({ path, bytes }) => ({ words: path.replace(/^(\.\/)+/, '').split('/'), bytes }));
  const visible = split.filter(({ words }) => !words.some(isOfSystem));
  return treeOf(archive, visible, []);
}

interface Leaf {
  readonly words: readonly string[];
  readonly bytes: Uint8Array;
}

function treeOf(archive: string, leaves: readonly Leaf[], above: readonly string[]): TreeFolder {
  const depth = above.length;
  const files: TreeFile[] = [];
  const inside = new Map<string, Leaf[]>();
  for (const leaf of leaves) {
    const name = leaf.words[depth]!;
    const within = inside.get(name);
    if (leaf.words.length === depth + 1)
      files.push({ name, prefix: `${archive}: ${above.map((word) => `${word}/`).join('')}`, bytes: leaf.bytes });
    else if (within) within.push(leaf);
    else inside.set(name, [leaf]);
  }
  const folders = Array.from(inside, ([name, within]) => treeOf(archive, within, [...above, name]));
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  const path = depth === 0 ? archive : `${archive}: ${above.join('/')}`;
  return { name: above.at(-1) ?? '', path, files: files.sort(byName), folders: folders.sort(byName) };
}

/** The folder that an archive was made of, where it has one and nothing beside it. */
export function unwrapped(tree: TreeFolder): TreeFolder {
  const [only, ...others] = tree.folders;
  return only && others.length === 0 && tree.files.length === 0 ? only : tree;
}
