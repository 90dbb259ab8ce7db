import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { drawFigures } from '@onnx-forge/train';
import sharp from 'sharp';
import type { ComparingPicture, Picture, RunPicture, Study } from './study.js';
import { finishedRun, recipeOf, runFolder, type StudyRequest, trainingOf } from './train-study.js';

/** `onnx-forge`, as a command. */
const COMMAND = new URL('../../../packages/train/bin/onnx-forge.js', import.meta.url);

/**
 * Draws the pictures whose runs are there.
 *
 * @param root that the files are relative to
 */
export async function drawPictures(study: Study, request: StudyRequest, root: URL): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-picture-'));
  try {
    for (const picture of study.pictures ?? []) {
      const drawn = await draw(study, picture, request, join(folder, 'picture.png'));
      if (drawn === undefined) continue;
      await writePicture(drawn.png, picture, root);
      const { runs } = drawn;
      request.say(`${picture.file}: drawn from ${runs.length === 1 ? runs[0] : `${runs.length} runs`}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Drawn {
  readonly png: string;
  readonly runs: readonly string[];
}

const draw = (study: Study, picture: Picture, request: StudyRequest, file: string) =>
  'command' in picture ? comparison(study, picture, request, file) : figureOfRun(study, picture, request);

async function figureOfRun(
  study: Study,
  { arm, figure, part, seed = study.seeds[0]! }: RunPicture,
  { out, signal, device, dataDir, threads }: StudyRequest,
): Promise<Drawn | undefined> {
  const training = trainingOf(study, arm);
  const run = runFolder(out, training, seed);
  if ((await finishedRun(run)) === undefined) return undefined;
  const where = { device, ...(dataDir !== undefined && { dataDir }), ...(threads !== undefined && { threads }) };
  const files = await drawFigures({ recipe: await recipeOf(training), run, only: figure, signal, ...where });
  const ending = part === undefined ? '.png' : `-${part}.png`;
  const png = files.find((one) => one.endsWith(ending));
  if (png === undefined) throw new Error(`${run}: figure '${figure}' has no picture that ends with ${ending}`);
  return { png, runs: [run] };
}

async function comparison(
  study: Study,
  { command }: ComparingPicture,
  { out, signal }: StudyRequest,
  png: string,
): Promise<Drawn | undefined> {
  const runs: string[] = [];
  const args = command((arm, seed = study.seeds[0]!) => {
    const run = runFolder(out, trainingOf(study, arm), seed);
    runs.push(run);
    return run;
  });
  for (const run of runs) if ((await finishedRun(run)) === undefined) return undefined;
  await promisify(execFile)(process.execPath, [fileURLToPath(COMMAND), ...args, '-o', png], { signal });
  return { png, runs };
}

async function writePicture(png: string, { file, width }: Picture, root: URL): Promise<void> {
  await writeFile(fileURLToPath(new URL(file, root)), await smallPicture(png, width));
}

/** Of a picture in a document, bytes. */
const LARGEST = 100_000;

/**
 * The picture as a PNG of less than 100 kB: with a palette of 256 colours, and scaled down as far as that takes.
 *
 * @param picture encoded, or its file
 * @param width in pixels, at most; default that of the picture
 */
export async function smallPicture(picture: string | Buffer, width?: number): Promise<Buffer> {
  const whole = sharp(picture);
  let pixels = width ?? (await whole.metadata()).width;
  for (;;) {
    const scaled = whole.clone().resize({ width: pixels, withoutEnlargement: true });
    const png = await scaled.png({ palette: true, effort: 10 }).toBuffer();
    if (png.length < LARGEST) return png;
    // Not fewer colours: the large ones are photographs and samples.
    pixels = Math.floor(0.95 * pixels);
  }
}
