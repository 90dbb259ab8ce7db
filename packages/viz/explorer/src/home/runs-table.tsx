import { keyNumber } from '@onnx-forge/viz/runs';
import { formatNumber, formatTime, withError } from '../parts/format.js';
import { Swatch } from '../parts/swatch.js';
import type { OfferedRun } from '../state/offer.js';
import { link } from '../state/router.js';

interface RunsTableProps {
  readonly runs: readonly OfferedRun[];
  /** Names of those that are compared, in the order of their tones. */
  readonly selected: readonly string[];
  readonly onSelect: (names: readonly string[]) => void;
  /** Name of the number that is shown; empty: each run's own. */
  readonly metric: string;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

const COLUMNS = [
  ['run', 'run'],
  ['recipe', 'recipe'],
  ['data', 'data'],
  ['state', 'state'],
  ['number', 'key number'],
  ['epochs', 'epochs'],
  ['device', 'device'],
  ['when', 'when'],
] as const;

/** All runs, a line each. */
export function RunsTable({ runs, selected, onSelect, metric, sort, onSort }: RunsTableProps) {
  const toggle = (name: string): void =>
    onSelect(selected.includes(name) ? selected.filter((one) => one !== name) : [...selected, name]);
  const direction = (key: string) =>
    sort === key ? ('ascending' as const) : sort === `-${key}` ? ('descending' as const) : undefined;
  return (
    <table class="runs">
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">compare</span>
          </th>
          {COLUMNS.map(([key, title]) => (
            <th key={key} scope="col" aria-sort={direction(key)} class={`of-${key}`}>
              <button type="button" class="plain" onClick={() => onSort(sort === key ? `-${key}` : key)}>
                {key === 'number' && metric !== '' ? metric : title}
                <span aria-hidden="true">{direction(key) === 'ascending' ? ' ▲' : direction(key) ? ' ▼' : ''}</span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => {
          const tone = selected.indexOf(run.name);
          return (
            <tr key={run.name} aria-selected={tone >= 0}>
              <td class="of-select">
                <input
                  type="checkbox"
                  checked={tone >= 0}
                  aria-label={`compare ${run.name}`}
                  onChange={() => toggle(run.name)}
                />
              </td>
              <th scope="row" class="of-run">
                <a href={link(['run', run.name])}>{run.name}</a> {tone >= 0 && <Swatch tone={tone} />}
              </th>
              <td class="of-recipe">{run.recipe}</td>
              <td class="of-data">{run.data}</td>
              <td class="of-state">
                <State run={run} />
              </td>
              <td class="of-number">
                <KeyNumber run={run} metric={metric} />
              </td>
              <td class="of-epochs">{formatNumber(Number(run.epochs.toPrecision(3)))}</td>
              <td class="of-device">{run.device ?? '–'}</td>
              <td class="of-when">{formatTime(run.when)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How a run stands, with the reason where it went wrong. */
export function State({ run: { state, problem, error } }: { run: OfferedRun }) {
  const reason = problem ?? error?.message;
  return (
    <span class={`badge ${state.replace(' ', '-')}`} title={reason}>
      {state}
    </span>
  );
}

/** A number with its name, error, split and count. */
function KeyNumber({ run, metric }: { run: OfferedRun; metric: string }) {
  const found = keyNumber(run, metric || undefined);
  if (!found) return <>–</>;
  const { name, value, standardError, split, count } = found;
  return (
    <>
      <strong>{withError(value, standardError)}</strong>{' '}
      <span class="quiet">
        {name}, {split}
        {count !== undefined && `, n = ${count.toLocaleString('en')}`}
      </span>
    </>
  );
}
