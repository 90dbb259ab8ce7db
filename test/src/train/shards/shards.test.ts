import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadManifest } from '@onnx-forge/infer';
import { evaluateRun, likelihood, type Measure, train } from '@onnx-forge/train';
import { type Job, LocalLauncher } from '@onnx-forge/train/launch';
import { estimateShards, evaluateInShards, type ShardPlan, shardRange } from '@onnx-forge/train/shards';
import { expect } from 'chai';
import { rejection } from '../rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from '../tiny.js';

const recipe = { ...tinyRecipe, evaluate: likelihood({ samples: 40 }) as Measure };
const data = tinyData();

/** A trained run in a folder, with what an evaluation needs. */
async function trained(folder: string) {
  const run = join(folder, 'run');
  await train({ recipe, data, out: run, evaluate: false, figures: false, set: { epochs: 1 } });
  return { recipe, data, run, split: 'train', threads: 1, seed: 3 } as const;
}

/** Files of shards that have a result. */
async function shardFiles(run: string): Promise<string[]> {
  const [key] = await readdir(join(run, 'shards'));
  return (await readdir(join(run, 'shards', key!))).filter((name) => name.endsWith('.json')).sort();
}

describe('evaluateInShards', () => {
  it('1, 3 and 64 shards give the very numbers of one call, and leave nothing behind', async function () {
    this.timeout(60_000);
    await inTemporaryFolder(async (folder) => {
      const request = await trained(folder);
      const whole = await evaluateRun(request);
      expect(whole.map(({ name }) => name)).to.include('logLikelihood');
      for (const shards of [1, 3, 64]) {
        expect(await evaluateInShards({ ...request, shards }), `${shards} shards`).to.deep.equal(whole);
      }
      expect(await readdir(request.run)).to.not.include('shards');
      const { metrics } = await loadManifest(request.run);
      expect(metrics.find(({ name }) => name === 'logLikelihood')).to.include({
        split: 'train',
        samples: 80,
        draws: 40,
      });
      // The numbers depend on the seed: that they agree says something.
      const other = await evaluateRun({ ...request, seed: 4 });
      expect(other.find(({ name }) => name === 'logLikelihood')).to.not.deep.equal(
        whole.find(({ name }) => name === 'logLikelihood'),
      );
    });
  });

  it('goes on after an interruption, repeats no shard, and gives the same numbers', async function () {
    this.timeout(60_000);
    await inTemporaryFolder(async (folder) => {
      const request = await trained(folder);
      const whole = await evaluateRun(request);
      const stop = new AbortController();
      const onEvent = (event: { type: string; detail?: string; fraction?: number }) => {
        if (event.detail === 'log-likelihood in shards' && event.fraction! > 0.5) stop.abort();
      };
      await rejection(() => evaluateInShards({ ...request, shards: 5, signal: stop.signal, onEvent }));
      const before = await shardFiles(request.run);
      expect(before.length).to.be.within(1, 4);
      let estimated = 0;
      const counting = (event: { type: string; detail?: string }) => {
        if (event.detail === 'log-likelihood in shards') estimated += 1;
      };
      expect(await evaluateInShards({ ...request, shards: 5, onEvent: counting })).to.deep.equal(whole);
      // One event a shard: its examples are one batch.
      expect(estimated).to.equal(5 - before.length);
    });
  });

  it('as jobs: a killed shard runs again; one that fails is named with its reason, and the rest is kept', async function () {
    this.timeout(120_000);
    await inTemporaryFolder(async (folder) => {
      const request = await trained(folder);
      const whole = await evaluateRun(request);
      // Jobs mark that they ran; the work itself is this process's, which holds the data.
      const launched = (mode: 'good' | 'bad') => async (out: string) => {
        const local = new LocalLauncher({ folder: join(out, 'jobs'), processes: 2 });
        const plans = new Map<string, { plan: ShardPlan; shard: number }>();
        const killed = new Set<string>();
        const script = (shard: number) => {
          if (shard === 1 && !killed.has('1')) {
            killed.add('1');
            return "process.kill(process.pid, 'SIGKILL')";
          }
          return shard === 2 && mode === 'bad' ? 'process.exit(3)' : '';
        };
        return {
          launcher: {
            name: 'test',
            refusal: () => local.refusal(),
            submit: (jobs: readonly Job[]) => local.submit(jobs),
            cancel: (ids: readonly string[]) => local.cancel(ids),
            async states(ids: readonly string[]) {
              const states = await local.states(ids);
              for (const [i, { state }] of states.entries()) {
                const work = plans.get(ids[i]!);
                if (state === 'finished' && work) await estimateShards({ ...request, plan: work.plan }, [work.shard]);
                if (state === 'finished') plans.delete(ids[i]!);
              }
              return states;
            },
          },
          job(plan: ShardPlan, shard: number) {
            plans.set(`shard-${shard}`, { plan, shard });
            return { argv: [process.execPath, '-e', script(shard)], folder, needs: { threads: 1 } };
          },
        };
      };
      const refused = await rejection(() => evaluateInShards({ ...request, shards: 4, launch: launched('bad') }));
      expect(refused.code).to.equal('shard-failed');
      expect(refused.message).to.match(
        /shard 2 of 4 failed: exit code 3; see .*shard-2\.log; the same command goes on/,
      );
      expect(await shardFiles(request.run)).to.deep.equal(['0.json', '1.json', '3.json']);
      expect(await evaluateInShards({ ...request, shards: 4, launch: launched('good') })).to.deep.equal(whole);
      expect(await readdir(request.run)).to.not.include('shards');
    });
  });

  it('shards cover all examples once, and impossible splits are refused', () => {
    for (const [examples, shards] of [
      [10, 1],
      [10, 3],
      [64, 64],
      [1_000, 7],
    ] as const) {
      const ranges = Array.from({ length: shards }, (_, shard) => shardRange(shard, { shards, examples }));
      expect(ranges[0]!.from).to.equal(0);
      expect(ranges.at(-1)!.to).to.equal(examples);
      for (let i = 1; i < shards; i += 1) expect(ranges[i]!.from).to.equal(ranges[i - 1]!.to);
      const sizes = ranges.map(({ from, to }) => to - from);
      expect(Math.max(...sizes) - Math.min(...sizes)).to.be.at.most(1);
    }
    expect(() => shardRange(0, { shards: 5, examples: 4 })).to.throw("4 examples can't be split into 5 shards");
    expect(() => shardRange(4, { shards: 4, examples: 9 })).to.throw('there are 0 to 3, not 4');
  });

  it('a run without an importance-sampled log p(x) is refused before anything is measured', async function () {
    this.timeout(60_000);
    await inTemporaryFolder(async (folder) => {
      const request = await trained(folder);
      const refused = await rejection(() =>
        evaluateInShards({ ...request, recipe: { ...recipe, evaluate: async () => [] }, shards: 2 }),
      );
      expect(refused.code).to.equal('no-likelihood');
    });
  });
});
