import { setImmediate } from 'node:timers/promises';
import { Random } from '@onnx-forge/infer';
import type { CurrentInput } from './current-input.js';
import { judge, shape, type Verdict } from './judge.js';
import { mutated, type Target } from './target.js';

export interface TargetCounts {
  inputs: number;
  accepted: number;
  refused: number;
  /** Different reasons for refusals. */
  reasons: number;
}

export interface Finding {
  readonly target: string;
  readonly about: string;
  readonly input: Uint8Array;
}

/** The longest that one input may take, milliseconds of the processor's time. */
export const LONGEST_READ = 2000;

/** The most memory that one input may take: so many times its length, and this beside it. */
export const MEMORY = { times: 10, bytes: 128 * 2 ** 20 };

/** Most inputs of a target that are kept for their new reasons. */
const CORPUS = 400;

/** Feeds changed inputs to targets and judges what comes of them. Inputs that are refused for a new reason are changed further. */
export class FuzzSession {
  readonly counts: Record<string, TargetCounts> = {};
  readonly #targets: readonly Target[];
  readonly #random: Random;
  readonly #longestRead: number;
  readonly #current: CurrentInput | undefined;
  readonly #onFinding: (finding: Finding) => void;
  readonly #corpora: Uint8Array[][];
  readonly #reasons: readonly Set<string>[];

  constructor(
    targets: readonly Target[],
    options: { seed: number; longestRead?: number; current?: CurrentInput; onFinding: (finding: Finding) => void },
  ) {
    this.#targets = targets;
    this.#random = new Random(options.seed);
    this.#longestRead = options.longestRead ?? LONGEST_READ;
    this.#current = options.current;
    this.#onFinding = options.onFinding;
    this.#corpora = targets.map(({ seeds }) => [...seeds]);
    this.#reasons = targets.map(() => new Set());
    for (const { name } of targets) this.counts[name] = { inputs: 0, accepted: 0, refused: 0, reasons: 0 };
  }

  /** The seeds of every target, which it must accept. */
  async readSeeds(): Promise<void> {
    for (const [index, target] of this.#targets.entries()) {
      for (const [number, seed] of target.seeds.entries()) {
        const verdict = await this.#read(index, seed);
        if (verdict.outcome === 'accepted') continue;
        const why = verdict.outcome === 'refused' ? verdict.reason : verdict.about;
        this.#onFinding({ target: target.name, about: `refuses seed ${number}: ${why}`, input: seed });
      }
    }
  }

  /** A turn of `turn` milliseconds, and one input at least, for every target. */
  async round(turn: number): Promise<void> {
    // Processes that start together begin elsewhere.
    const first = this.#random.integer(this.#targets.length);
    for (let i = 0; i < this.#targets.length; i++) {
      const until = performance.now() + turn;
      const index = (first + i) % this.#targets.length;
      do await this.#try(index);
      while (performance.now() < until);
    }
  }

  /** So many inputs for every target. */
  async each(count: number): Promise<void> {
    for (let index = 0; index < this.#targets.length; index++) {
      for (let i = 0; i < count; i++) await this.#try(index);
    }
  }

  async #try(index: number): Promise<void> {
    const target = this.#targets[index]!;
    const corpus = this.#corpora[index]!;
    const base = corpus[this.#random.integer(corpus.length)]!;
    const input = mutated(target, base, this.#random);
    const verdict = await this.#read(index, input);
    if (verdict.outcome !== 'refused') return;
    const reasons = this.#reasons[index]!;
    if (reasons.has(verdict.reason)) return;
    reasons.add(verdict.reason);
    this.counts[target.name]!.reasons = reasons.size;
    if (corpus.length < CORPUS) corpus.push(input);
  }

  async #read(index: number, input: Uint8Array): Promise<Verdict> {
    const target = this.#targets[index]!;
    this.#current?.set(index, input);
    const { verdict, milliseconds, bytes } = await measured(target, input);
    // A promise that is rejected where nobody waits ends the process now, not at the next input.
    await setImmediate();
    const counts = this.counts[target.name]!;
    counts.inputs++;
    if (verdict.outcome === 'accepted') counts.accepted++;
    if (verdict.outcome === 'refused') counts.refused++;
    const abouts = verdict.outcome === 'failed' ? [verdict.about] : [];
    const longest = target.longestRead ?? this.#longestRead;
    // A collection of garbage or the like may have fallen into it: what is slow is slow again.
    const time = milliseconds > longest ? Math.min(milliseconds, (await measured(target, input)).milliseconds) : 0;
    if (time > longest) abouts.push(`takes ${(time / 1000).toFixed(1)} s`);
    if (bytes > MEMORY.times * input.length + MEMORY.bytes) {
      abouts.push(`takes ${Math.round(bytes / 2 ** 20)} MiB for ${input.length} bytes`);
    }
    for (const about of abouts) this.#onFinding({ target: target.name, about, input });
    return verdict;
  }
}

/** Reads one input; the time is the processor's, since other processes may have it. */
async function measured(target: Target, input: Uint8Array) {
  const before = process.resourceUsage();
  const verdict = await verdictOf(target, input);
  const after = process.resourceUsage();
  const cpu = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime;
  return { verdict, milliseconds: cpu / 1000, bytes: (after.maxRSS - before.maxRSS) * 1024 };
}

async function verdictOf(target: Target, input: Uint8Array): Promise<Verdict> {
  try {
    await target.read(input);
    return { outcome: 'accepted' };
  } catch (error) {
    return judge(error, target.foreign);
  }
}

/** Findings of one key are the same fault, as far as can be told. */
export function keyOf({ target, about }: Finding): string {
  const words = /^the engine's words '.*?' in [a-z-]+|^\w+Error(?=: .*\(at )/.exec(about)?.[0];
  return `${target}: ${words ?? shape(about).slice(0, 60)}`;
}
