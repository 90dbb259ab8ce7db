import { useMemo } from 'preact/hooks';
import { Curves } from '../parts/curves.js';
import { Choice, Panel } from '../parts/fields.js';
import type { Offer, OfferedRun } from '../state/offer.js';
import { useText } from '../state/router.js';
import { Measured, SettingDifferences } from './differences.js';
import { filterOf, sorted } from './query.js';
import { RunsTable } from './runs-table.js';

/** Runs that are compared before any is chosen. */
const NEWEST = 4;

/** All runs of a folder, and those compared that are selected. */
export function Home({ offer: { title, runs } }: { offer: Offer }) {
  const [query, setQuery] = useText('q', '');
  const [sort, setSort] = useText('sort', '-when', { push: true });
  const [metric, setMetric] = useText('number', '', { push: true });
  const [selection, setSelection] = useText('select', '', { push: true });
  const filter = useMemo(() => filterOf(runs, query), [runs, query]);
  const shown = useMemo(() => sorted(runs.filter(filter.matches), sort, metric), [runs, filter, sort, metric]);
  const selected = useMemo(() => {
    if (selection === '') return newest(runs).map(({ name }) => name);
    return selection.split(',').map(decodeURIComponent);
  }, [runs, selection]);
  const compared = useMemo(
    () => selected.flatMap((name) => runs.find((run) => run.name === name) ?? []),
    [runs, selected],
  );
  const numbers = useMemo(() => [...new Set(runs.flatMap((run) => run.numbers.map(({ name }) => name)))], [runs]);
  const select = (names: readonly string[]): void =>
    setSelection(names.length === 0 ? '-' : names.map(encodeURIComponent).join(','));
  return (
    <>
      <h2>Runs in {title}</h2>
      <search class="row">
        <label class="wide">
          Filter{' '}
          <input
            type="search"
            value={query}
            placeholder="words, or latentDim>=5"
            onInput={(event) => setQuery(event.currentTarget.value)}
          />
        </label>
        <Choice
          label="Number"
          value={metric}
          choices={[['', 'each run’s own'], ...numbers.map((name) => [name, name] as const)]}
          onChange={setMetric}
        />
        <span class="quiet" aria-live="polite">
          {shown.length === runs.length ? `${runs.length} runs` : `${shown.length} of ${runs.length} runs`}
          {filter.unknown.length > 0 && `; no run has ${filter.unknown.join(', ')}`}
        </span>
      </search>
      <RunsTable
        runs={shown}
        selected={compared.map(({ name }) => name)}
        onSelect={select}
        metric={metric}
        sort={sort}
        onSort={setSort}
      />
      {compared.length === 0 ? (
        <p class="hint">Tick runs in the table to lay their curves over each other.</p>
      ) : (
        <div class="compare">
          <Panel title={selection === '' ? 'Curves of the newest' : 'Curves'}>
            <Curves runs={compared} />
          </Panel>
          <Panel title="Measured">
            <Measured runs={compared} />
          </Panel>
          <Panel title="Settings that differ">
            <SettingDifferences runs={compared} />
          </Panel>
        </div>
      )}
    </>
  );
}

/** The newest run, and others of its kind, which have the same metrics. */
function newest(runs: readonly OfferedRun[]): readonly OfferedRun[] {
  const [first, ...others] = sorted(runs, '-when', '').filter(({ log }) => log !== undefined);
  if (!first) return [];
  const isAlike = (run: OfferedRun) => (first.kind ? run.kind === first.kind : run.recipe === first.recipe);
  return [first, ...others.filter(isAlike)].slice(0, NEWEST);
}
