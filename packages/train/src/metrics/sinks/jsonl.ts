import { join } from 'node:path';
import { AppendFile, bytesMark, readMark } from './append-file.js';
import type { MetricSink } from './sink.js';

/** `metrics.jsonl`: one line of JSON a line of the log. Every run has it; `readLog` reads it. */
export function jsonlSink(): MetricSink {
  const name = 'jsonl';
  return {
    name,
    async open({ folder, onNotice }, mark) {
      const file = await AppendFile.open(join(folder, 'metrics.jsonl'), {
        keep: mark === undefined ? 0 : readMark(bytesMark, mark, name).bytes,
        wholeBytes: (bytes) => bytes.lastIndexOf(0x0a) + 1,
        onNotice,
      });
      return {
        append: (line) => file.append(`${JSON.stringify(line)}\n`),
        async flush() {
          await file.sync();
          return { bytes: file.bytes };
        },
        close: () => file.close(),
      };
    },
  };
}
