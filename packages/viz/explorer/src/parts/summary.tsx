import type { AnyManifest } from '@onnx-forge/infer';
import type { RunFigure } from '../runs.js';

interface SummaryProps {
  readonly manifest: AnyManifest;
  readonly figures: readonly RunFigure[];
}

/** A run of a kind that the page has no views of: what its manifest says, its numbers and its figures. */
export function Summary({ manifest, figures }: SummaryProps) {
  const { kind, model, data, steps, graphs, metrics } = manifest;
  return (
    <>
      <p class="quiet" id="about">
        <strong>{model}</strong> ({kind}), trained on {data.name}, {steps.toLocaleString('en')} iterations. Graphs:{' '}
        {Object.keys(graphs).join(', ')}.
      </p>
      <p class="hint">
        The page has no view of models of kind '{kind}'. These are the run's numbers and figures, as it was written.
      </p>
      {metrics.length > 0 && (
        <table class="numbers">
          <thead>
            <tr>
              {['measure', 'value', 'unit', 'split', 'examples'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.map(({ name, value, unit, split, samples }) => (
              <tr key={`${name} ${split}`}>
                <th scope="row">{name}</th>
                <td>{Number(value.toPrecision(4))}</td>
                <td>{unit}</td>
                <td>{split}</td>
                <td>{samples?.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {figures.map(({ name, url }) => (
        <figure key={name} class="drawn">
          <img src={url} alt={name} />
          <figcaption>{name}</figcaption>
        </figure>
      ))}
      <details>
        <summary>manifest.json</summary>
        <pre>{JSON.stringify(manifest, undefined, 2)}</pre>
      </details>
    </>
  );
}
