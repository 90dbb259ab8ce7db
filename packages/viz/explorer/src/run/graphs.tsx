import type { AnyManifest, GraphEntry } from '@onnx-forge/infer';
import { useEffect, useState } from 'preact/hooks';
import { Panel } from '../parts/fields.js';
import { formatBytes } from '../parts/format.js';
import type { OfferedRun } from '../state/offer.js';
import { addressOf, readFile, useManifest } from './files.js';
import { type OnnxFacts, onnxFacts } from './onnx-facts.js';

/** Larger files are read when they are asked for. */
const SMALL = 50e6;

/** The ONNX files of a run: what goes in and out, what is in them, and the files themselves. */
export function Graphs({ run }: { run: OfferedRun }) {
  const { manifest, error } = useManifest(run);
  if (error) return <p class="error">{error.message}</p>;
  if (!manifest) return <p>Reading …</p>;
  const graphs = [...Object.entries(manifest.graphs), ...stepsOf(manifest)];
  const total = graphs.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  return (
    <>
      <p class="quiet">
        {graphs.length} graphs, {formatBytes(total)} in all. A name in a shape is a free size.
      </p>
      <div class="cards">
        {graphs.map(([name, entry]) => (
          <Graph key={name} run={run} name={name} entry={entry} created={manifest.created} />
        ))}
      </div>
    </>
  );
}

/** Training steps, with what they take of a batch; their other inputs and outputs are the variables. */
function stepsOf({ training }: AnyManifest): [string, GraphEntry][] {
  return Object.entries(training?.steps ?? {}).map(([name, { batch, metrics, reads, ...file }]) => {
    const outputs = metrics.map((metric) => [metric, { dtype: 'float32', shape: [] }] as const);
    const entry = { ...file, inputs: batch, outputs: Object.fromEntries(outputs) };
    return [`training step ${name} of ${reads.length} variables`, entry];
  });
}

interface GraphProps {
  readonly run: OfferedRun;
  readonly name: string;
  readonly entry: GraphEntry;
  readonly created: AnyManifest['created'];
}

function Graph({ run, name, entry, created }: GraphProps) {
  const [wanted, setWanted] = useState(entry.bytes <= SMALL);
  const [facts, setFacts] = useState<OnnxFacts | Error>();
  useEffect(() => {
    if (!wanted) return;
    let isOver = false;
    readFile(run, entry.file)
      .then(onnxFacts)
      .catch((error: Error) => error)
      .then((found) => isOver || setFacts(found));
    return () => {
      isOver = true;
    };
  }, [run.name, entry.file, created, wanted]);
  return (
    <Panel title={name}>
      <Values title="in" values={entry.inputs} />
      <Values title="out" values={entry.outputs} />
      {facts === undefined && !wanted && (
        <button type="button" onClick={() => setWanted(true)}>
          Count its nodes
        </button>
      )}
      {facts instanceof Error && <p class="error">{facts.message}</p>}
      {facts !== undefined && !(facts instanceof Error) && <Facts facts={facts} />}
      <p>
        <Download run={run} file={entry.file} />{' '}
        <span class="quiet">
          {formatBytes(entry.bytes)}, opset {entry.opset}
        </span>
      </p>
      {entry.externalData?.map(({ file, bytes }) => (
        <p key={file}>
          <Download run={run} file={file} /> <span class="quiet">{formatBytes(bytes)}, weights beside the graph</span>
        </p>
      ))}
    </Panel>
  );
}

function Values({ title, values }: { title: string; values: GraphEntry['inputs'] }) {
  return (
    <dl class="values">
      <dt>{title}</dt>
      {Object.entries(values).map(([name, { dtype, shape }]) => (
        <dd key={name}>
          <code>
            {name} [{shape.join(', ')}]
          </code>{' '}
          <span class="quiet">{dtype}</span>
        </dd>
      ))}
    </dl>
  );
}

function Facts({ facts: { nodes, operators, weights, parameters } }: { facts: OnnxFacts }) {
  return (
    <details>
      <summary>
        {nodes.toLocaleString('en')} nodes, {parameters.toLocaleString('en')} numbers in {weights} weights
      </summary>
      <ul class="plain">
        {operators.map(([operator, count]) => (
          <li key={operator}>
            {count} × <code>{operator}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A link to a file of the run; of files that were dropped, a button that hands it out. */
function Download({ run, file }: { run: OfferedRun; file: string }) {
  const { location } = run;
  const name = file.split('/').at(-1)!;
  if (typeof location === 'string') {
    return (
      <a href={addressOf(location, file)} download={name}>
        Download {name}
      </a>
    );
  }
  const save = async (): Promise<void> => {
    const url = URL.createObjectURL(new Blob([await readFile(run, file)]));
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" onClick={() => void save()}>
      Download {name}
    </button>
  );
}
