import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  eventFileName,
  imageEvent,
  scalarsEvent,
  sessionStartEvent,
  textEvent,
  tfRecord,
  versionEvent,
} from '@onnx-forge/export/tensorboard';
import { z } from 'zod';
import { AppendFile, readMark } from './append-file.js';
import type { MetricSink, SinkRun } from './sink.js';

/** Names of files of events. */
export const EVENT_FILE: RegExp = /^events\.out\.tfevents\.(\d+)\.[^/\\]*$/;

interface Mark {
  /** In the order of training, with their lengths. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

const markSchema: z.ZodType<Mark> = z.object({
  files: z.array(z.object({ name: z.string().regex(EVENT_FILE), bytes: z.int().nonnegative() })),
});

/**
 * Files of events in the run folder, for `tensorboard --logdir`: curves named `train/STEP/METRIC` and `validation/METRIC` over
 * iterations, pictures, and the settings as text. Curves have single precision there.
 *
 * A resumed run goes on in another file, as TensorFlow's writers do: a TensorBoard that is looking on forgets what came after
 * the checkpoint.
 *
 * @param clock seconds since 1970
 */
export function tensorBoardSink({ clock = () => Date.now() / 1000 }: { clock?: () => number } = {}): MetricSink {
  const name = 'tensorboard';
  return {
    name,
    async open(run, mark) {
      const kept = await keepOnly(run, mark === undefined ? [] : readMark(markSchema, mark, name).files);
      // Whatever the clock says, the new file comes after the others.
      const last = Number(EVENT_FILE.exec(kept.at(-1)?.name ?? '')?.[1] ?? -1);
      const began = eventFileName(Math.max(clock(), last + 1), kept.length);
      const file = await AppendFile.open(join(run.folder, began), { ...run, wholeBytes: () => 0 });
      const write = (event: Uint8Array) => file.append(tfRecord(event));
      await write(versionEvent(clock()));
      if (kept.length > 0) await write(sessionStartEvent(clock(), run.step + 1));
      else await write(textEvent(clock(), 0, 'settings', settingsTable(run)));
      return {
        append({ kind, step, metrics }) {
          const values = Object.entries(metrics).map(([metric, value]) => [`${kind}/${metric}`, value] as const);
          return write(scalarsEvent(clock(), step, Object.fromEntries(values)));
        },
        image: ({ name: tag, step, png }) => write(imageEvent(clock(), step, tag, { ...sizeOf(png), png })),
        async flush() {
          await file.sync();
          return { files: [...kept, { name: began, bytes: file.bytes }] };
        },
        close: () => file.close(),
      };
    },
  };
}

/** Cuts the files back to their lengths in the mark; others go. Gives those that are left. */
async function keepOnly({ folder, onNotice }: SinkRun, files: Mark['files']): Promise<Mark['files']> {
  for (const name of await readdir(folder)) {
    if (EVENT_FILE.test(name) && !files.some((file) => file.name === name)) await rm(join(folder, name));
  }
  const kept: Mark['files'][number][] = [];
  for (const { name, bytes } of files) {
    const path = join(folder, name);
    const file = await AppendFile.open(path, { keep: bytes, wholeBytes: wholeRecords, onNotice });
    await file.close();
    if (file.bytes > 0) kept.push({ name, bytes: file.bytes });
    else await rm(path);
  }
  return kept;
}

/** Length of the whole records: each says its own length first. */
function wholeRecords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let whole = 0;
  while (whole + 8 <= bytes.length) {
    const end = whole + 12 + Number(view.getBigUint64(whole, true)) + 4;
    if (end > bytes.length) break;
    whole = end;
  }
  return whole;
}

function settingsTable({ settings }: SinkRun): string {
  const rows = Object.entries(settings).map(
    ([setting, value]) => `| ${setting} | ${`${value}`.replaceAll('|', '\\|')} |`,
  );
  return ['| setting | value |', '| --- | --- |', ...rows].join('\n');
}

/** Width and height from a PNG's first chunk. */
function sizeOf(png: Uint8Array): { readonly width: number; readonly height: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
