import { useMemo } from 'preact/hooks';
import type { LogLine } from '../state/event-stream.js';
import { type Curve, curveOf, metricsOf, useLogs } from '../state/logs.js';
import type { OfferedRun } from '../state/offer.js';
import { useOneOf, useText } from '../state/router.js';
import { Choice } from './fields.js';
import { formatNumber } from './format.js';
import { useModule } from './lazy.js';
import { Scroller } from './scroller.js';
import { Swatch } from './swatch.js';

interface RunCurve extends Curve {
  readonly name: string;
}

/** One logged metric of some runs over the training, growing while they train. */
export function Curves({ runs }: { runs: readonly OfferedRun[] }) {
  const { lines, problems } = useLogs(runs);
  const [chosen, setMetric] = useText('curve', '', { push: true });
  const [against, setAgainst] = useOneOf('against', ['step', 'epoch']);
  const [scale, setScale] = useOneOf('scale', ['linear', 'log']);
  const metrics = useMemo(() => metricsOf(lines.values()), [lines]);
  const metric = metrics.includes(chosen) ? chosen : tellingMetric(metrics, [...lines.values()]);
  const curves = useMemo(
    (): RunCurve[] => runs.map(({ name }) => ({ name, ...curveOf(lines.get(name) ?? [], metric ?? '', against) })),
    [runs, lines, metric, against],
  );
  const isRead = runs.every(({ name, log }) => log === undefined || lines.has(name));
  if (metric === undefined) return <p class="hint">{isRead ? 'Nothing is logged yet.' : 'Reading the logs …'}</p>;
  const isPositive = curves.every(({ y }) => y.every((value) => value > 0));
  return (
    <>
      <div class="row">
        <Choice
          label="Metric"
          value={metric}
          choices={metrics.map((name) => [name, name.includes('/') ? `${name} (train)` : name] as const)}
          onChange={setMetric}
        />
        <Choice
          label="Over"
          value={against}
          choices={[
            ['step', 'iterations'],
            ['epoch', 'epochs'],
          ]}
          onChange={setAgainst}
        />
        {isPositive && (
          <Choice
            label="Scale"
            value={scale}
            choices={[
              ['linear', 'linear'],
              ['log', 'logarithmic'],
            ]}
            onChange={setScale}
          />
        )}
      </div>
      {problems.map((problem) => (
        <p class="error" role="alert" key={problem}>
          {problem}
        </p>
      ))}
      <Drawn curves={curves} metric={metric} against={against} log={isPositive && scale === 'log'} />
      <Ends curves={curves} against={against} states={new Map(runs.map(({ name, state }) => [name, state]))} />
    </>
  );
}

/** Of most runs a curve, not a point; among those the one that a recipe is judged by. */
function tellingMetric(metrics: readonly string[], logs: readonly (readonly LogLine[])[]): string | undefined {
  const points = (metric: string) => logs.map((lines) => lines.filter(({ metrics: all }) => metric in all).length);
  const curves = new Map(metrics.map((metric) => [metric, points(metric).filter((count) => count > 1).length]));
  const most = Math.max(0, ...curves.values());
  const telling = metrics.filter((metric) => curves.get(metric) === most);
  return telling.find((name) => /elbo|accuracy|loss/i.test(name)) ?? telling[0];
}

interface DrawnProps {
  readonly curves: readonly RunCurve[];
  readonly metric: string;
  readonly against: 'step' | 'epoch';
  readonly log: boolean;
}

function Drawn({ curves, metric, against, log }: DrawnProps) {
  const { module: chart } = useModule(() => import('./chart.js'));
  const unit = against === 'step' ? 'iterations' : 'epochs';
  const series = useMemo(
    () => curves.map(({ name, x, y }, tone) => ({ label: name, tone, x, y })).filter(({ x }) => x.length > 1),
    [curves],
  );
  if (series.length === 0) {
    return <p class="quiet">No curve yet: {metric} was logged only once. The table has the value.</p>;
  }
  if (!chart) return <div class="chart" />;
  const label = `${metric} over ${unit}: ${series.map((one) => one.label).join(', ')}. The table below has the values.`;
  return <chart.Chart series={series} xLabel={unit} yLabel={metric} label={label} log={log} />;
}

interface EndsProps {
  readonly curves: readonly RunCurve[];
  readonly against: 'step' | 'epoch';
  readonly states: ReadonlyMap<string, string>;
}

/** Legend and values at once. */
function Ends({ curves, against, states }: EndsProps) {
  return (
    <Scroller label="Values of the curves">
      <table class="numbers">
        <thead>
          <tr>
            {['run', 'last', `at ${against === 'step' ? 'iteration' : 'epoch'}`, 'least', 'greatest', 'points'].map(
              (head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {curves.map(({ name, x, y }, tone) => (
            <tr key={name}>
              <th scope="row">
                <Swatch tone={tone} /> {name}{' '}
                {states.get(name) === 'running' && <span class="badge running">running</span>}
              </th>
              <td>{formatNumber(y.at(-1))}</td>
              <td>{formatNumber(x.at(-1))}</td>
              <td>{formatNumber(y.length > 0 ? y.reduce((a, b) => Math.min(a, b)) : undefined)}</td>
              <td>{formatNumber(y.length > 0 ? y.reduce((a, b) => Math.max(a, b)) : undefined)}</td>
              <td>{y.length}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
