import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LogLine, readLog } from '@onnx-forge/train';
import { parse } from 'csv-parse/sync';
import protobuf from 'protobufjs';

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; Session session_log = 7; }
  message Session { int32 status = 1; }
  message Summary { repeated Value value = 1; }
  message Value { string tag = 1; float simple_value = 2; Image image = 4; Tensor tensor = 8; }
  message Image { int32 height = 1; int32 width = 2; bytes encoded_image_string = 4; }
  message Tensor { repeated bytes string_val = 8; }
`);
const EVENT = root.lookupType('Event');

interface Event {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion: string;
  readonly summary: {
    readonly value: readonly {
      readonly tag: string;
      readonly simpleValue: number;
      readonly image: object | null;
      readonly tensor: object | null;
    }[];
  } | null;
}

export const readJsonl = (folder: string): Promise<LogLine[]> => readLog(join(folder, 'metrics.jsonl'));

/** Rows with the same kind, step and epoch, one after the other, are a line. */
export async function readCsv(folder: string): Promise<LogLine[]> {
  const rows = parse(await readFile(join(folder, 'metrics.csv')), { columns: true }) as Record<string, string>[];
  const lines: LogLine[] = [];
  for (const { kind, step, epoch, metric, value } of rows) {
    const line = { kind: kind as LogLine['kind'], step: Number(step), epoch: Number(epoch) };
    const last = lines.at(-1);
    const same = last && last.kind === line.kind && last.step === line.step && last.epoch === line.epoch;
    const metrics = { ...(same && last.metrics), [metric!]: Number(value) };
    if (same) lines.pop();
    lines.push({ ...line, metrics });
  }
  return lines;
}

/** All events of a folder, the files in the order of their names. */
export async function readEvents(folder: string): Promise<Event[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('events.out.tfevents.')).sort();
  const events: Event[] = [];
  for (const name of names) {
    const file = await readFile(join(folder, name));
    for (let at = 0; at < file.length; ) {
      const length = Number(file.readBigUInt64LE(at));
      const message = EVENT.decode(file.subarray(at + 12, at + 12 + length));
      events.push(EVENT.toObject(message, { longs: Number, defaults: true }) as Event);
      at += 16 + length;
    }
  }
  return events;
}

/** An event of scalars is a line. */
export async function readTensorBoard(folder: string): Promise<LogLine[]> {
  return (await readEvents(folder)).flatMap(({ step, summary }) => {
    const scalars = summary?.value.filter(({ image, tensor }) => !image && !tensor) ?? [];
    if (scalars.length === 0) return [];
    const split = scalars.map(({ tag, simpleValue }) => {
      const at = tag.indexOf('/');
      return { kind: tag.slice(0, at) as LogLine['kind'], metric: [tag.slice(at + 1), simpleValue] as const };
    });
    return [{ kind: split[0]!.kind, step, epoch: 0, metrics: Object.fromEntries(split.map(({ metric }) => metric)) }];
  });
}
