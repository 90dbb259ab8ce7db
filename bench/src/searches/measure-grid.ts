import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { GRID_ABOUT, GRID_POINTS, gridData, type RecipeGrid, trainPoint } from './recipe-grid.js';

const FILE = fileURLToPath(new URL('../../recipe-grid.json', import.meta.url));
/** Points are kept on the way, so that a measurement that was stopped goes on. */
const SAVE_EVERY = 8;

/** The table that the searches read; undefined: it was measured otherwise, or not to its end. */
export async function readGrid(): Promise<RecipeGrid | undefined> {
  const text = await readFile(FILE, 'utf8').catch(() => undefined);
  const grid = text === undefined ? undefined : (JSON.parse(text) as RecipeGrid);
  return grid?.about === GRID_ABOUT ? grid : undefined;
}

/** Trains every point of the grid that the file lacks, and adds it. */
async function measureGrid(): Promise<void> {
  const losses = [...((await readGrid())?.losses ?? [])];
  const data = await gridData();
  while (losses.length < GRID_POINTS) {
    losses.push(Number((await trainPoint(data, losses.length)).toFixed(4)));
    if (losses.length % SAVE_EVERY === 0 || losses.length === GRID_POINTS) {
      await writeFile(FILE, `${JSON.stringify({ about: GRID_ABOUT, losses })}\n`);
      process.stderr.write(`${losses.length} of ${GRID_POINTS} points\n`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await measureGrid();
