import type { MetricEntry } from '@onnx-forge/infer';
import { formatNumber, withError } from '../parts/format.js';
import { Scroller } from '../parts/scroller.js';
import type { OfferedRun } from '../state/offer.js';
import { addressOf, useManifest } from './files.js';

/** Details of a measured number that have a column of their own, or are part of another. */
const NAMED = ['name', 'value', 'standardError', 'unit', 'split', 'samples', 'dataSet'];

/** All that was measured on a run, with errors and with what it was measured on. */
export function Numbers({ run }: { run: OfferedRun }) {
  const { manifest, error } = useManifest(run);
  // Until the manifest is read nobody knows whether the run has been evaluated.
  if (!manifest && !error) return null;
  const measured: readonly MetricEntry[] = manifest?.metrics ?? [];
  const logged = measured.length > 0 ? [] : run.numbers.filter(({ way }) => way === undefined);
  const others = [...new Set(measured.flatMap((entry) => Object.keys(entry)))].filter((name) => !NAMED.includes(name));
  const plain = others.filter((name) => measured.every((entry) => typeof entry[name] !== 'object'));
  if (measured.length === 0 && logged.length === 0) return <p class="hint">Nothing was measured on this run yet.</p>;
  return (
    <>
      <Scroller label="Measured numbers">
        <table class="numbers">
          <thead>
            <tr>
              {['measure', 'value', 'unit', 'split', 'examples', 'data', ...plain].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {measured.map((entry, index) => {
              const error = typeof entry.standardError === 'number' ? entry.standardError : undefined;
              return (
                <tr key={index}>
                  <th scope="row">{entry.name}</th>
                  <td>
                    <strong>{withError(entry.value, error)}</strong>
                  </td>
                  <td>{entry.unit}</td>
                  <td>{entry.split}</td>
                  <td>{entry.samples?.toLocaleString('en')}</td>
                  <td>{entry.dataSet}</td>
                  {plain.map((name) => (
                    <td key={name}>{entry[name] === undefined ? '' : formatNumber(entry[name])}</td>
                  ))}
                </tr>
              );
            })}
            {logged.map(({ name, split, value }) => (
              <tr key={`${name} ${split}`}>
                <th scope="row">{name}</th>
                <td>{formatNumber(value)}</td>
                <td />
                <td>{split}</td>
                <td />
                <td>{run.data}</td>
                {plain.map((one) => (
                  <td key={one} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <p class="quiet">
        {measured.length > 0
          ? '± is one standard error over the examples.'
          : 'These are the last numbers of the log: the run has not been evaluated.'}
      </p>
    </>
  );
}

/** The pictures that were drawn of a run. */
export function Figures({ run }: { run: OfferedRun }) {
  return (
    <div class="gallery">
      {run.figures.map(({ name, url }) => (
        <figure key={name} class="drawn">
          <a href={url} target="_blank" rel="noreferrer">
            <img src={url} alt={`Figure ${name} of ${run.name}`} loading="lazy" />
          </a>
          <figcaption>{name}</figcaption>
        </figure>
      ))}
    </div>
  );
}

/** The run's manifest, and the file. */
export function Manifest({ run }: { run: OfferedRun }) {
  const { manifest, error } = useManifest(run);
  if (error) return <p class="error">{error.message}</p>;
  if (!manifest) return <p>Reading …</p>;
  const { vocabularies, ...others } = manifest;
  const sizes = Object.entries(vocabularies ?? {}).map(([name, tokens]) => `${name}: ${tokens.length} tokens`);
  return (
    <>
      <p>
        {typeof run.location === 'string' && (
          <a href={addressOf(run.location, 'manifest.json')} download="manifest.json">
            Download manifest.json
          </a>
        )}{' '}
        <span class="quiet">
          <code>onnx-forge train --config manifest.json</code> trains the same again.
        </span>
      </p>
      {sizes.length > 0 && <p class="quiet">Vocabularies, not shown here: {sizes.join(', ')}.</p>}
      <Scroller label="manifest.json">
        <pre>{JSON.stringify(others, undefined, 2)}</pre>
      </Scroller>
    </>
  );
}
