/** A value at MLflow. */
export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  /** In ms since 1970. */
  readonly timestamp: number;
}

interface Tag {
  readonly key: string;
  readonly value: string;
}

interface Run {
  readonly info: { readonly run_id: string; readonly lifecycle_stage: string };
  readonly data?: { readonly metrics?: readonly { readonly key: string }[] };
}

/** Calls of MLflow's REST API 2.0 (mlflow.org/docs/latest/api_reference/rest-api.html). */
export class MlflowClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, token?: string) {
    this.#base = `${url.replace(/\/$/, '')}/api/2.0/mlflow/`;
    this.#headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  }

  /** @throws Error naming the call, and the server's message */
  async post(call: string, body: object): Promise<unknown> {
    return this.#answer(
      call,
      await fetch(this.#base + call, { method: 'POST', headers: this.#headers, body: JSON.stringify(body) }),
    );
  }

  async get(call: string, query: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#answer(
      call,
      await fetch(`${this.#base}${call}?${new URLSearchParams(query)}`, { headers: this.#headers }),
    );
  }

  async #answer(call: string, response: Response): Promise<unknown> {
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw new Error(`MLflow ${call}: ${response.status} ${text.slice(0, 200)}`);
  }

  /** The number of an experiment, which is made if it is not there. */
  async experiment(name: string): Promise<string> {
    const search = { filter: `name = '${name.replaceAll("'", "\\'")}'`, max_results: 1 };
    const { experiments = [] } = (await this.post('experiments/search', search)) as {
      experiments?: readonly { readonly experiment_id: string }[];
    };
    if (experiments[0]) return experiments[0].experiment_id;
    return ((await this.post('experiments/create', { name })) as { experiment_id: string }).experiment_id;
  }

  async createRun(experiment: string, tags: readonly Tag[]): Promise<string> {
    const body = { experiment_id: experiment, start_time: Date.now(), tags };
    return ((await this.post('runs/create', body)) as { run: Run }).run.info.run_id;
  }

  /** Of the experiment's runs that are not deleted, those with this tag. */
  async runsOf(experiment: string, tag: string, value: string): Promise<string[]> {
    const filter = `tags."${tag}" = '${value.replaceAll("'", "\\'")}'`;
    const body = { experiment_ids: [experiment], filter, max_results: 1000 };
    const { runs = [] } = (await this.post('runs/search', body)) as { runs?: readonly Run[] };
    return runs.map(({ info }) => info.run_id);
  }

  async isActive(run: string): Promise<boolean> {
    return (await this.#run(run)).info.lifecycle_stage === 'active';
  }

  /** Every value of a run, in the order of time; of deleted runs too. */
  async history(run: string): Promise<MlflowMetric[]> {
    const { data } = await this.#run(run);
    const all: MlflowMetric[] = [];
    for (const { key } of data?.metrics ?? []) {
      const { metrics } = (await this.get('metrics/get-history', { run_id: run, metric_key: key })) as {
        metrics?: readonly MlflowMetric[];
      };
      for (const { value, step, timestamp } of metrics ?? []) {
        all.push({ key, value: Number(value), step: Number(step ?? 0), timestamp: Number(timestamp) });
      }
    }
    return all.sort((a, b) => a.timestamp - b.timestamp);
  }

  async #run(run: string): Promise<Run> {
    return ((await this.get('runs/get', { run_id: run })) as { run: Run }).run;
  }
}
