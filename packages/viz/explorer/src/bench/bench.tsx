import type { DeviceRequest, Model } from '@onnx-forge/infer';
import { ErrorLine } from '../parts/error-line.js';
import { Choice } from '../parts/fields.js';
import type { Page } from '../run/pages.js';
import type { OfferedRun } from '../state/offer.js';
import { type Opening, useOpened } from './opened.js';
import { viewOf } from './views/views.js';

interface BenchProps {
  readonly run: OfferedRun;
  readonly page: Page;
  readonly device: DeviceRequest;
  readonly onDevice: (device: DeviceRequest) => void;
}

/** A page on which a run's model is used, and the device that it runs on. */
export function Bench({ run, page, device, onDevice }: BenchProps) {
  const opening = useOpened(run, device);
  const { model, examples, error } = opening;
  const View = viewOf(page.slug);
  return (
    <>
      <div class="row">
        <Choice
          label="Device"
          value={device}
          choices={[
            ['auto', 'auto'],
            ['webgpu', 'webgpu'],
            ['wasm', 'wasm'],
          ]}
          onChange={onDevice}
        />
        {model && <RunsOn model={model} milliseconds={opening.milliseconds} />}
      </div>
      <ErrorLine error={error} />
      {!model && !error && <Loading run={run} opening={opening} />}
      {model && examples && <View key={page.slug} model={model} location={run.location} examples={examples} />}
    </>
  );
}

function Loading({ run: { name }, opening: { progress } }: { run: OfferedRun; opening: Opening }) {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return (
    <p aria-live="polite">
      Loading {name}{' '}
      <progress max={1} value={progress?.total ? progress.done / progress.total : undefined} aria-label="loading" />
      {progress && ` ${megabytes(progress.done)} of ${megabytes(progress.total)} MB`}
    </p>
  );
}

function RunsOn({ model: { device, refused }, milliseconds = 0 }: { model: Model; milliseconds: number | undefined }) {
  const notOn = refused.map(({ device: name, reason }) => `${name} (${reason})`).join(' and ');
  return (
    <span class="quiet" id="device">
      Runs on <strong>{device}</strong>, here in the browser{notOn && `, not on ${notOn}`}; opened in{' '}
      {milliseconds.toFixed(0)} ms.
    </span>
  );
}
