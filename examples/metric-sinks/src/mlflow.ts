import type { LogLine, MetricSink, OpenSink, SinkMark, SinkRun } from '@onnx-forge/train/metrics';
import { MlflowClient, type MlflowMetric } from './mlflow-client.js';

export interface MlflowOptions {
  /** Of the tracking server, such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Made if it is not there. */
  readonly experiment: string;
  /** Sent as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
}

/** A place in the log: the server's run, and the time stamp of its last line, in ms. */
interface Mark {
  readonly run: string;
  readonly last: number;
}

const FOLDER_TAG = 'onnx-forge.folder';
const STATUS = { finished: 'FINISHED', interrupted: 'KILLED', failed: 'FAILED' } as const;
/** The most metrics and parameters that a request may have. */
const [METRICS, PARAMETERS] = [1000, 100];

/**
 * Sends the log to an MLflow tracking server: metrics `train/STEP/METRIC` and `validation/METRIC`, settings as parameters. A run folder
 * has one run there that is not deleted. MLflow forgets no metric, so when a training goes on before its last lines, the lines
 * up to the checkpoint are copied to a new run and the old one is deleted (MLflow keeps deleted runs until `mlflow gc`).
 *
 * Names must be as MLflow wants them: letters, digits, `_`, `-`, `.`, `/` and spaces.
 */
export function mlflowSink({ url, experiment, token }: MlflowOptions): MetricSink {
  return {
    name: 'mlflow',
    async open(run, mark) {
      const client = new MlflowClient(url, token);
      const place = await begin(client, await client.experiment(experiment), run, mark as Mark | undefined);
      return opened(client, place);
    },
  };
}

async function begin(client: MlflowClient, experiment: string, run: SinkRun, mark: Mark | undefined): Promise<Mark> {
  const history = mark ? await client.history(mark.run) : [];
  const whole =
    mark !== undefined && (await client.isActive(mark.run)) && history.every(({ timestamp }) => timestamp <= mark.last);
  const place = whole ? mark : { run: await newRun(client, experiment, run), last: mark?.last ?? 0 };
  if (!whole)
    await send(
      client,
      place.run,
      history.filter(({ timestamp }) => timestamp <= place.last),
    );
  for (const other of await client.runsOf(experiment, FOLDER_TAG, run.folder)) {
    if (other !== place.run) await client.post('runs/delete', { run_id: other });
  }
  await client.post('runs/update', { run_id: place.run, status: 'RUNNING' });
  return place;
}

async function newRun(client: MlflowClient, experiment: string, { folder, settings }: SinkRun): Promise<string> {
  const tags = [{ key: FOLDER_TAG, value: folder }];
  const id = await client.createRun(experiment, tags);
  const params = Object.entries(settings).map(([key, value]) => ({ key, value: `${value}` }));
  for (let from = 0; from < params.length; from += PARAMETERS) {
    await client.post('runs/log-batch', { run_id: id, params: params.slice(from, from + PARAMETERS) });
  }
  return id;
}

async function send(client: MlflowClient, run: string, metrics: readonly MlflowMetric[]): Promise<void> {
  for (let from = 0; from < metrics.length; from += METRICS) {
    await client.post('runs/log-batch', { run_id: run, metrics: metrics.slice(from, from + METRICS) });
  }
}

function opened(client: MlflowClient, { run, last: before }: Mark): OpenSink {
  let last = before;
  let waiting: MlflowMetric[] = [];
  const sendAll = async (): Promise<void> => {
    const metrics = waiting;
    waiting = [];
    await send(client, run, metrics);
  };
  return {
    async append(line) {
      // A time of its own for each line: by it, a mark is a place.
      last = Math.max(last + 1, Date.now());
      waiting.push(...metricsOf(line, last));
      if (waiting.length >= METRICS) await sendAll();
    },
    async flush(): Promise<SinkMark> {
      await sendAll();
      return { run, last };
    },
    async close(status) {
      await sendAll();
      await client.post('runs/update', { run_id: run, status: STATUS[status], end_time: Date.now() });
    },
  };
}

function metricsOf({ kind, step, metrics }: LogLine, timestamp: number): MlflowMetric[] {
  return Object.entries(metrics).map(([metric, value]) => ({ key: `${kind}/${metric}`, value, step, timestamp }));
}
