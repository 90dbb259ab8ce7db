import type { DeviceRequest, Model } from '@onnx-forge/infer';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useOpened } from './opened.js';
import { ErrorLine } from './parts/error-line.js';
import { Choice } from './parts/fields.js';
import { Summary } from './parts/summary.js';
import { droppedFiles, type OfferedRun, offeredRuns, runOfFiles } from './runs.js';
import type { ViewProps } from './views/view.js';
import { viewsOf } from './views/views.js';

/** The whole page: which run, which device, and the tabs of the run's kind. */
export function App() {
  const [offered, setOffered] = useState<readonly OfferedRun[]>([]);
  const [run, setRun] = useState<OfferedRun>();
  const [device, setDevice] = useState<DeviceRequest>('auto');
  const [problem, setProblem] = useState<Error>();
  const { model, manifest, examples, progress, error } = useOpened(run, device);

  useEffect(() => {
    void offeredRuns().then((runs) => {
      setOffered(runs);
      setRun((current) => current ?? runs[0]);
    });
  }, []);

  const take = (files: readonly File[]): void => {
    try {
      const given = runOfFiles(files);
      setProblem(undefined);
      setOffered([...offered, given]);
      setRun(given);
    } catch (failure) {
      setProblem(failure as Error);
    }
  };

  return (
    <main
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (event.dataTransfer) void droppedFiles(event.dataTransfer.items).then(take, setProblem);
      }}
    >
      <header>
        <h1>onnx-forge explorer</h1>
        <div class="row">
          {offered.length > 0 && (
            <Choice
              label="Run"
              value={String(run ? offered.indexOf(run) : 0)}
              choices={offered.map(({ name }, index) => [String(index), name] as const)}
              onChange={(index) => setRun(offered[Number(index)])}
            />
          )}
          <Choice
            label="Device"
            value={device}
            choices={[
              ['auto', 'auto'],
              ['webgpu', 'webgpu'],
              ['wasm', 'wasm'],
            ]}
            onChange={setDevice}
          />
        </div>
      </header>
      <ErrorLine error={problem ?? error} />
      {!run && <p class="hint">Drop a run folder here, pick one, or give its address.</p>}
      {run && !model && !manifest && !error && (
        <Loading name={run.name} done={progress?.done} total={progress?.total} />
      )}
      {model && <About model={model} />}
      {run && manifest && <Summary manifest={manifest} figures={run.figures ?? []} />}
      {run && model && <Tabs key={model.location} model={model} location={run.location} examples={examples} />}
      <footer>
        <Openers
          onFiles={take}
          onUrl={(url) => {
            const given = { name: url, location: url };
            setOffered([...offered, given]);
            setRun(given);
          }}
        />
      </footer>
    </main>
  );
}

function Loading({ name, done, total }: { name: string; done: number | undefined; total: number | undefined }) {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return (
    <p aria-live="polite">
      Loading {name}{' '}
      <progress max={1} value={done !== undefined && total ? done / total : undefined} aria-label="loading" />
      {done !== undefined && total !== undefined && ` ${megabytes(done)} of ${megabytes(total)} MB`}
    </p>
  );
}

function About({ model }: { model: Model }) {
  const { manifest, device, refused } = model;
  const passedOver = refused.map(({ device: name, reason }) => `${name}: ${reason}`).join('; ');
  return (
    <p class="quiet" id="about">
      <strong>{manifest.model}</strong> ({manifest.kind}), trained on {manifest.data.name},{' '}
      {manifest.steps.toLocaleString('en')} iterations. Runs on <strong>{device}</strong>
      {passedOver && ` (${passedOver})`}.
    </p>
  );
}

function Tabs({ model, location, examples }: ViewProps) {
  const views = useMemo(() => viewsOf(model), [model]);
  const [title, setTitle] = useState(views[0]!.title);
  const { component: View } = useMemo(() => views.find((view) => view.title === title) ?? views[0]!, [views, title]);
  return (
    <>
      <div class="tabs" role="tablist">
        {views.map((view) => (
          <button
            type="button"
            role="tab"
            key={view.title}
            aria-selected={view.title === title}
            onClick={() => setTitle(view.title)}
          >
            {view.title}
          </button>
        ))}
      </div>
      <View model={model} location={location} examples={examples} />
    </>
  );
}

function Openers({ onFiles, onUrl }: { onFiles: (files: readonly File[]) => void; onUrl: (url: string) => void }) {
  const [url, setUrl] = useState('');
  return (
    <div class="row">
      <label class="file">
        Open a run folder{' '}
        <input
          type="file"
          // @ts-expect-error preact's types do not know the attribute, which every browser has
          webkitdirectory
          multiple
          onChange={(event) => onFiles(Array.from(event.currentTarget.files ?? []))}
        />
      </label>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (url.trim()) onUrl(url.trim());
        }}
      >
        <label>
          or by address{' '}
          <input
            type="text"
            inputMode="url"
            placeholder="https://..."
            value={url}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
    </div>
  );
}
