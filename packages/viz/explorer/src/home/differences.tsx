import type { RunNumber } from '@onnx-forge/viz/runs';
import { formatNumber, withError } from '../parts/format.js';
import { Scroller } from '../parts/scroller.js';
import { Swatch } from '../parts/swatch.js';
import type { OfferedRun } from '../state/offer.js';

interface Row {
  readonly name: string;
  readonly detail?: string;
  readonly cells: readonly string[];
}

/** Settings in which runs differ. */
export function SettingDifferences({ runs }: { runs: readonly OfferedRun[] }) {
  const facts = runs.map(({ recipe, data, state, seed, engine, device, steps, epochs, options }) => {
    const { epochs: planned, ...others } = options;
    return { recipe, data, state, seed, engine, device, steps, epochs, 'epochs planned': planned, ...others };
  }) as readonly Readonly<Record<string, unknown>>[];
  const names = [...new Set(facts.flatMap((one) => Object.keys(one)))];
  const differing = names.filter((name) => facts.some((one) => one[name] !== facts[0]![name]));
  const rows = differing.map((name) => ({ name, cells: facts.map((one) => formatNumber(one[name])) }));
  if (runs.length < 2) return <p class="quiet">Select two runs or more to see in what they differ.</p>;
  return (
    <>
      <Rows label="Settings that differ" head="setting" runs={runs} rows={rows} />
      <p class="quiet">
        {rows.length === 0 ? 'All settings are the same.' : `${names.length - rows.length} settings are the same.`}
      </p>
    </>
  );
}

/** Measured numbers of runs: in one line only those that were measured in the same way. */
export function Measured({ runs }: { runs: readonly OfferedRun[] }) {
  const ways = new Map<string, RunNumber>();
  for (const { numbers } of runs) for (const one of numbers) if (one.way !== undefined) ways.set(one.way, one);
  const rows = [...ways].map(([way, { name, split, count }]) => {
    const own = runs.map(({ numbers }) => numbers.find((one) => one.way === way));
    return {
      ...{ name, detail: `${split}${count === undefined ? '' : `, n = ${count.toLocaleString('en')}`}` },
      cells: own.map((one) => (one ? withError(one.value, one.standardError) : '–')),
    };
  });
  if (rows.length === 0) return <p class="quiet">Nothing was measured on these runs.</p>;
  return (
    <>
      <Rows label="Measured numbers" head="measured" runs={runs} rows={rows} />
      <p class="quiet">± is one standard error. Numbers stand in one line only if they were measured alike.</p>
    </>
  );
}

interface RowsProps {
  readonly label: string;
  readonly head: string;
  readonly runs: readonly OfferedRun[];
  readonly rows: readonly Row[];
}

function Rows({ label, head, runs, rows }: RowsProps) {
  if (rows.length === 0) return null;
  return (
    <Scroller label={label}>
      <table class="numbers">
        <thead>
          <tr>
            <th scope="col">{head}</th>
            {runs.map(({ name }, tone) => (
              <th key={name} scope="col">
                <Swatch tone={tone} /> {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, detail, cells }) => (
            <tr key={`${name} ${detail}`}>
              <th scope="row">
                {name} {detail && <span class="quiet">{detail}</span>}
              </th>
              {cells.map((cell, index) => (
                <td key={runs[index]!.name}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
