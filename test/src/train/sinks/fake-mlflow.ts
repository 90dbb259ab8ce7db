import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

interface Run {
  readonly experiment: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly params: Record<string, string>;
  readonly metrics: Metric[];
  stage: 'active' | 'deleted';
  status: string;
}

/** The calls of MLflow's REST API that the sink makes, as the real server answers them: it forgets no metric and refuses other names. */
export interface FakeMlflow extends AsyncDisposable {
  readonly url: string;
  readonly runs: ReadonlyMap<string, Run>;
}

export async function fakeMlflow(): Promise<FakeMlflow> {
  const experiments = new Map<string, string>();
  const runs = new Map<string, Run>();
  const runOf = (id: string): Run => {
    const run = runs.get(id);
    if (!run) throw new Error(`Run with id=${id} not found`);
    return run;
  };
  const about = (id: string) => {
    const { stage, metrics } = runOf(id);
    const latest = [...new Map(metrics.map((metric) => [metric.key, metric])).values()];
    return { info: { run_id: id, lifecycle_stage: stage }, data: { metrics: latest } };
  };
  const calls: Record<string, (body: never) => object> = {
    'experiments/search': ({ filter }: { filter: string }) => {
      const id = experiments.get(/^name = '(.*)'$/.exec(filter)![1]!);
      return id === undefined ? {} : { experiments: [{ experiment_id: id }] };
    },
    'experiments/create': ({ name }: { name: string }) => {
      if (experiments.has(name)) throw new Error(`Experiment '${name}' already exists.`);
      experiments.set(name, `${experiments.size + 1}`);
      return { experiment_id: experiments.get(name) };
    },
    'runs/create': (body: { experiment_id: string; tags: readonly { key: string; value: string }[] }) => {
      const id = `run${runs.size + 1}`;
      const tags = Object.fromEntries(body.tags.map(({ key, value }) => [key, value]));
      runs.set(id, {
        experiment: body.experiment_id,
        tags,
        params: {},
        metrics: [],
        stage: 'active',
        status: 'RUNNING',
      });
      return { run: about(id) };
    },
    'runs/get': ({ run_id }: { run_id: string }) => ({ run: about(run_id) }),
    'runs/search': ({ experiment_ids, filter }: { experiment_ids: readonly string[]; filter: string }) => {
      const [, tag, value] = /^tags\."(.*)" = '(.*)'$/.exec(filter)!;
      const fits = [...runs].filter(
        ([, run]) => experiment_ids.includes(run.experiment) && run.stage === 'active' && run.tags[tag!] === value,
      );
      return fits.length === 0 ? {} : { runs: fits.map(([id]) => about(id)) };
    },
    'runs/delete': ({ run_id }: { run_id: string }) => {
      runOf(run_id).stage = 'deleted';
      return {};
    },
    'runs/update': ({ run_id, status }: { run_id: string; status: string }) => {
      const run = runOf(run_id);
      if (run.stage === 'deleted') throw new Error(`The run ${run_id} must be in the 'active' state.`);
      run.status = status;
      return {};
    },
    'runs/log-batch': (body: { run_id: string; metrics?: Metric[]; params?: { key: string; value: string }[] }) => {
      const run = runOf(body.run_id);
      if (run.stage === 'deleted') throw new Error(`The run ${body.run_id} must be in the 'active' state.`);
      const { metrics = [], params = [] } = body;
      if (metrics.length > 1000 || params.length > 100) throw new Error('too many at once');
      for (const { key } of [...metrics, ...params])
        if (!/^[\w./ :-]+$/.test(key)) throw new Error(`Invalid value "${key}"`);
      run.metrics.push(...metrics);
      for (const { key, value } of params) run.params[key] = value;
      return {};
    },
    'metrics/get-history': ({ run_id, metric_key }: { run_id: string; metric_key: string }) => ({
      metrics: runOf(run_id).metrics.filter(({ key }) => key === metric_key),
    }),
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    let text = '';
    for await (const part of request) text += part;
    try {
      const call = calls[pathname.replace('/api/2.0/mlflow/', '')];
      if (!call) throw new Error(`no such call: ${pathname}`);
      const body = request.method === 'POST' ? JSON.parse(text) : Object.fromEntries(searchParams);
      response.end(JSON.stringify(call(body as never)));
    } catch (error) {
      response
        .writeHead(400)
        .end(JSON.stringify({ error_code: 'INVALID_PARAMETER_VALUE', message: (error as Error).message }));
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runs,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
