import type { DeviceRequest } from '@onnx-forge/infer';
import { keyNumber } from '@onnx-forge/viz/runs';
import { State } from '../home/runs-table.js';
import { Curves } from '../parts/curves.js';
import { ErrorLine } from '../parts/error-line.js';
import { withError } from '../parts/format.js';
import { useModule } from '../parts/lazy.js';
import type { OfferedRun } from '../state/offer.js';
import { link, useOneOf, useRoute } from '../state/router.js';
import { Figures, Manifest, Numbers } from './facts.js';
import { Graphs } from './graphs.js';
import { benchPages, factPages, type Page } from './pages.js';

const DEVICES: readonly DeviceRequest[] = ['auto', 'webgpu', 'wasm'];

/** A run: what its model can do, and what is known of it. */
export function RunPage({ run }: { run: OfferedRun }) {
  const { path } = useRoute();
  const [device, setDevice] = useOneOf<DeviceRequest>('device', DEVICES);
  const [bench, facts] = [benchPages(run), factPages(run)];
  const all = [...bench, ...facts];
  const page = all.find(({ slug }) => slug === path[2]) ?? all[0]!;
  const isBench = bench.includes(page);
  const best = keyNumber(run);
  const reason = run.problem ?? run.error?.message;
  return (
    <>
      <h2>
        {run.name} <State run={run} />
      </h2>
      <p class="quiet" id="about">
        <strong>{run.recipe}</strong>
        {run.kind && ` (${run.kind})`}, trained on {run.data}, {run.steps.toLocaleString('en')} iterations
        {run.device && ` on ${run.device}`}.
        {best && (
          <>
            {' '}
            {best.name} <strong>{withError(best.value, best.standardError)}</strong> ({best.split}).
          </>
        )}
      </p>
      {reason && <p class="error">{reason}</p>}
      <nav class="pages" aria-label="Pages of the run">
        {bench.length > 0 && <PageLinks title="Use" run={run} pages={bench} current={page} />}
        <PageLinks title="Look" run={run} pages={facts} current={page} />
      </nav>
      {run.kind !== undefined && bench.length === 0 && (
        <p class="hint">
          The page has no view of models of kind '{run.kind}'. These are the run's numbers, figures and graphs.
        </p>
      )}
      {isBench && <BenchPart key={run.name} run={run} page={page} device={device} onDevice={setDevice} />}
      {page.slug === 'curves' && <Curves runs={[run]} />}
      {page.slug === 'numbers' && <Numbers run={run} />}
      {page.slug === 'figures' && <Figures run={run} />}
      {page.slug === 'graphs' && <Graphs run={run} />}
      {page.slug === 'manifest' && <Manifest run={run} />}
    </>
  );
}

interface PageLinksProps {
  readonly title: string;
  readonly run: OfferedRun;
  readonly pages: readonly Page[];
  readonly current: Page;
}

function PageLinks({ title, run, pages, current }: PageLinksProps) {
  const { params } = useRoute();
  const device = params.get('device');
  return (
    <ul class="tabs" aria-label={title}>
      {pages.map((page) => (
        <li key={page.slug}>
          <a
            href={link(['run', run.name, page.slug], device === null ? {} : { device })}
            aria-current={page === current ? 'page' : undefined}
          >
            {page.title}
          </a>
        </li>
      ))}
    </ul>
  );
}

interface BenchPartProps {
  readonly run: OfferedRun;
  readonly page: Page;
  readonly device: DeviceRequest;
  readonly onDevice: (device: DeviceRequest) => void;
}

/** The model's part of the page: fetched with what runs models when it is first shown. */
function BenchPart(props: BenchPartProps) {
  const { module: bench, error } = useModule(() => import('../bench/bench.js'));
  if (error) return <ErrorLine error={error} />;
  return bench ? <bench.Bench {...props} /> : <p>Loading …</p>;
}
