import { InputError } from '@onnx-forge/infer';
import { suggestionAndList } from '../../suggest.js';
import { csvSink } from './csv.js';
import { jsonlSink } from './jsonl.js';
import { SINK_NAMES, type SinkName } from './names.js';
import type { MetricSink } from './sink.js';
import { tensorBoardSink } from './tensorboard.js';

const SINKS: Readonly<Record<SinkName, () => MetricSink>> = {
  jsonl: jsonlSink,
  csv: csvSink,
  tensorboard: tensorBoardSink,
};

export function isSinkName(name: string): name is SinkName {
  return Object.hasOwn(SINKS, name);
}

/** @throws InputError when there is no sink of that name */
export function namedSink(name: string): MetricSink {
  if (isSinkName(name)) return SINKS[name]();
  throw new InputError(`there is no log '${name}'${suggestionAndList(name, SINK_NAMES, 'logs: ')}`, { name });
}
