import { Random } from '@onnx-forge/infer';
import type { Campaign, CampaignOptions, CampaignResult, Failure } from '../campaign.js';
import { paceOfMain } from '../watch.js';
import { BAD_CLIENTS, misbehave } from './bad-clients.js';
import { GoodClient } from './good-client.js';
import { ServiceProcess } from './service-process.js';

/** Connections at once: a fifth of them well-behaved. */
const CONNECTIONS = 500;
const GOOD = 100;
/** Clients that may have requests under way at once, of one address: the service's own limit is 32. */
const GOOD_PER_ADDRESS = 20;

/** The memory that the service may grow by between the first quarter of the load and its end. */
const GROWTH = { times: 1.25, bytes: 96 * 2 ** 20 };

/** The example service among slow, broken and hostile clients. */
export const load: Campaign = {
  name: 'load',
  title: `the example service with ${CONNECTIONS} connections, most of them slow, broken or hostile: no request is lost`,

  async run(options) {
    const service = await ServiceProcess.start();
    try {
      return await burden(service, options);
    } finally {
      await service.end();
    }
  },
};

async function burden(service: ServiceProcess, options: CampaignOptions): Promise<CampaignResult> {
  const { milliseconds, seed, log } = options;
  const failures: Failure[] = [];
  const fail = (about: string): void => {
    if (failures.length < 20) failures.push({ about, again: `${seed}` });
    log(about);
  };
  const undecided: Failure[] = [];
  const starvation = new Starvation(service);
  const alone = new Latencies();
  const wanted = await answersOf(service, milliseconds / 10, alone);
  const busy = new Latencies();
  const counts = {
    connections: CONNECTIONS,
    answered: 0,
    refused: 0,
    unconnected: 0,
    starved: 0,
    'bad connections': 0,
  };
  const clock = new Clock(milliseconds);
  const whole = starvation.begin();

  const good = async (number: number): Promise<void> => {
    const client = new GoodClient(service.port, `127.0.1.${1 + Math.floor(number / GOOD_PER_ADDRESS)}`);
    for (let turn = number; !clock.isOver && !service.hasEnded; turn++) {
      const index = turn % wanted.length;
      const starved = starvation.begin();
      const answer = await client.sample(...REQUESTS[index]!);
      if (answer.status === 'refused' || answer.status === 'unconnected') {
        counts[answer.status]++;
        await clock.pause(200);
      } else if (answer.status === 'late' && starved()) {
        counts.starved++;
        if (undecided.length < 20) undecided.push({ about: `a request is lost: ${answer.about}`, again: `${seed}` });
      } else if (answer.status === 'late' || answer.status === 'lost') {
        fail(`a request is lost: ${answer.about}`);
      } else {
        counts.answered++;
        busy.add(answer.milliseconds);
        if (!agrees(answer.images, wanted[index]!))
          fail(`request ${JSON.stringify(REQUESTS[index])} gets the answer of another`);
      }
    }
    client.end();
  };
  const bad = async (number: number): Promise<void> => {
    const random = new Random(seed).fork(`bad ${number}`);
    const client = BAD_CLIENTS[number % BAD_CLIENTS.length]!;
    // As many addresses as it takes: what is tried is not the limit of one.
    const address = `127.0.2.${1 + (number % 50)}`;
    while (!clock.isOver && !service.hasEnded) {
      await misbehave(client, { port: service.port, address }, random, (time) => clock.pause(time));
      counts['bad connections']++;
    }
  };
  let early = 0;
  const quarter = clock.pause(milliseconds / 4).then(() => {
    early = service.residentBytes();
  });
  await Promise.all([
    quarter,
    ...Array.from({ length: GOOD }, (_, number) => good(number)),
    ...Array.from({ length: CONNECTIONS - GOOD }, (_, number) => bad(number)),
  ]);
  const late = service.residentBytes();
  if (service.hasEnded) fail(`the service ended: ${service.stderr.slice(-500)}`);
  else if (service.stderr !== '')
    fail(`the service failed inside: ${service.stderr.slice(0, 300).replaceAll('\n', ' ')}`);
  if (late > GROWTH.times * early + GROWTH.bytes)
    fail(`its memory grew from ${megabytes(early)} to ${megabytes(late)}`);
  if (counts.answered === 0 && whole()) undecided.push({ about: 'no request was answered', again: `${seed}` });
  else if (counts.answered === 0) fail('no request was answered');
  const { code, standstill } = await service.end();
  if (standstill === 'starved') undecided.push({ about: 'it does not end at SIGTERM', again: `${seed}` });
  else if (code !== 0) fail(`SIGTERM ends it with ${code}${standstill ? `: it ${standstill}` : ''}`);
  return {
    counts: {
      ...counts,
      'p50 / p99 alone': alone.text(),
      'p50 / p99 loaded': busy.text(),
      memory: `${megabytes(early)} then ${megabytes(late)}`,
    },
    failures,
    undecided,
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** Counts and seeds that well-behaved clients ask for. */
const REQUESTS: readonly (readonly [count: number, seed: number])[] = Array.from({ length: 16 }, (_, i) => [
  1 + (i % 4),
  i,
]);

/** The answers of a service that does nothing else; asked for again and again to see how long they take. */
async function answersOf(service: ServiceProcess, milliseconds: number, latencies: Latencies) {
  const client = new GoodClient(service.port, '127.0.1.1');
  const answers: (readonly (readonly number[])[])[] = [];
  const end = performance.now() + milliseconds;
  for (let turn = 0; turn < REQUESTS.length || performance.now() < end; turn++) {
    const answer = await client.sample(...REQUESTS[turn % REQUESTS.length]!);
    if (answer.status !== 'answered')
      throw new Error(`the service does not answer when it is alone: ${JSON.stringify(answer)}`);
    answers[turn % REQUESTS.length] = answer.images;
    latencies.add(answer.milliseconds);
  }
  client.end();
  return answers;
}

/** Batches of other sizes may round bytes the other way. */
function agrees(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): boolean {
  return (
    found.length === wanted.length &&
    found.every(
      (image, i) =>
        image.length === wanted[i]!.length && image.every((byte, j) => Math.abs(byte - wanted[i]![j]!) <= 1),
    )
  );
}

class Latencies {
  readonly #all: number[] = [];

  add(milliseconds: number): void {
    this.#all.push(milliseconds);
  }

  text(): string {
    const sorted = [...this.#all].sort((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.floor(part * sorted.length)] ?? Number.NaN).toFixed(1);
    return `${at(0.5)} / ${at(0.99)} ms`;
  }
}

/** Whether others had the processors that the service or this process wanted. */
class Starvation {
  readonly #service: ServiceProcess;

  constructor(service: ServiceProcess) {
    this.#service = service;
  }

  /** The function that is given back says whether one of the two waited for half of the time since, and for a second at least. */
  begin(): () => boolean {
    const paces = () => [this.#service.pace(), paceOfMain(process.pid)] as const;
    const [begin, before] = [performance.now(), paces()];
    return () => {
      const most = Math.max(...paces().map((pace, i) => (pace?.waited ?? 0) - (before[i]?.waited ?? 0)));
      return most >= Math.max(1000, (performance.now() - begin) / 2);
    };
  }
}

/** The time that a campaign has; pauses end with it. */
class Clock {
  readonly #end: number;

  constructor(milliseconds: number) {
    this.#end = performance.now() + milliseconds;
  }

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  pause(milliseconds: number): Promise<void> {
    const left = Math.max(0, this.#end - performance.now());
    return new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, left)));
  }
}
