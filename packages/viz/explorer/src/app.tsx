import { useEffect, useMemo, useState } from 'preact/hooks';
import { Home } from './home/home.js';
import { ErrorLine } from './parts/error-line.js';
import { Openers } from './parts/openers.js';
import { RunPage } from './run/run-page.js';
import { StreamContext } from './state/event-stream.js';
import { OfferContext, type OfferedRun } from './state/offer.js';
import { link, useRoute, useRouter } from './state/router.js';
import { useOffer } from './state/use-offer.js';

/** The whole page: all runs, or one. */
export function App() {
  const { offer, stream } = useOffer();
  const router = useRouter();
  const { path } = useRoute();
  const [given, setGiven] = useState<readonly OfferedRun[]>([]);
  const [problem, setProblem] = useState<Error>();
  const [place, name] = path;
  const run = useMemo(
    () => (place === 'run' ? [...given, ...(offer?.runs ?? [])].find((one) => one.name === name) : undefined),
    [given, offer, place, name],
  );

  const take = (read: () => Promise<OfferedRun>): void => {
    setProblem(undefined);
    read().then((found) => {
      setGiven((before) => [found, ...before.filter((one) => one.name !== found.name)]);
      router.go(link(['run', found.name]));
    }, setProblem);
  };

  // A run folder may be dropped anywhere.
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      if (event.defaultPrevented) return;
      event.preventDefault();
      const items = event.dataTransfer?.items;
      if (items) take(async () => (await import('./bench/given-run.js')).runOfDrop(items));
    };
    window.addEventListener('dragover', over);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('drop', drop);
    };
  }, []);
  // The only run is opened at once.
  const only = offer?.runs.length === 1 ? offer.runs[0] : undefined;
  useEffect(() => {
    if (only && path.length === 0) router.go(link(['run', only.name]), { replace: true });
  }, [only]);
  // A link to a run that lies elsewhere.
  const isElsewhere = offer !== undefined && place === 'run' && run === undefined && /^https?:/.test(name ?? '');
  useEffect(() => {
    if (isElsewhere) take(async () => (await import('./bench/given-run.js')).runAt(name!));
  }, [isElsewhere, name]);
  useEffect(() => {
    document.title = `${run ? run.name : 'runs'} · onnx-forge explorer`;
    setProblem(undefined);
  }, [place, name]);

  return (
    <StreamContext.Provider value={stream}>
      <header>
        <h1>
          <a href="#/" aria-current={place === undefined ? 'page' : undefined}>
            onnx-forge explorer
          </a>
        </h1>
        {run && offer && offer.runs.length > 1 && (
          <nav aria-label="Runs">
            <a href="#/">All {offer.runs.length} runs</a>
          </nav>
        )}
      </header>
      <main>
        <ErrorLine error={problem} />
        {!offer && <p>Reading the runs …</p>}
        {offer && place === undefined && offer.runs.length > 0 && <Home offer={offer} />}
        {offer && place === undefined && offer.runs.length === 0 && (
          <p class="hint">Drop a run folder here, pick one, or give its address.</p>
        )}
        {offer && run && (
          <OfferContext.Provider value={offer}>
            <RunPage run={run} />
          </OfferContext.Provider>
        )}
        {offer && place !== undefined && !run && !isElsewhere && !problem && (
          <p class="hint">
            There is no run {name} here. <a href="#/">All runs</a>
          </p>
        )}
      </main>
      <footer>
        <Openers
          onFiles={(files) => take(async () => (await import('./bench/given-run.js')).runOfFiles(files))}
          onUrl={(url) => take(async () => (await import('./bench/given-run.js')).runAt(url))}
        />
      </footer>
    </StreamContext.Provider>
  );
}
