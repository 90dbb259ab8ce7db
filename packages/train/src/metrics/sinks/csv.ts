import { join } from 'node:path';
import { AppendFile, bytesMark, readMark } from './append-file.js';
import type { MetricSink } from './sink.js';

const QUOTE = 0x22;
const NEWLINE = 0x0a;

/**
 * `metrics.csv`: a row a metric, `kind,step,epoch,metric,value`. So the columns are known before the first metric is, and a table
 * with a column a metric is one pivot away.
 */
export function csvSink(): MetricSink {
  const name = 'csv';
  return {
    name,
    async open({ folder, onNotice }, mark) {
      const file = await AppendFile.open(join(folder, 'metrics.csv'), {
        keep: mark === undefined ? 0 : readMark(bytesMark, mark, name).bytes,
        wholeBytes: wholeRows,
        onNotice,
      });
      if (file.bytes === 0) await file.append('kind,step,epoch,metric,value\n');
      return {
        append({ kind, step, epoch, metrics }) {
          const rows = Object.entries(metrics).map(
            ([metric, value]) => `${kind},${step},${epoch},${cell(metric)},${value}\n`,
          );
          return file.append(rows.join(''));
        },
        async flush() {
          await file.sync();
          return { bytes: file.bytes };
        },
        close: () => file.close(),
      };
    },
  };
}

/** Quoted if need be (RFC 4180). */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Length of the rows that have their ends; a line break between quotes is none. */
function wholeRows(bytes: Uint8Array): number {
  let whole = 0;
  let quoted = false;
  for (const [index, byte] of bytes.entries()) {
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === NEWLINE && !quoted) whole = index + 1;
  }
  return whole;
}
