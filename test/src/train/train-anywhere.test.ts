import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, loadTrainable, Random, type StepEntry, type TrainingEntry } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { type DataSet, loadDataSet, type Recipe, type TrainRequest, train } from '@onnx-forge/train';
import { expect } from 'chai';
import onnxProto from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { rejection } from './rejects.js';
import { inTemporaryFolder, noisyRecipe, tinyData, tinyRecipe } from './tiny.js';

const ITERATIONS = 20;

type Spec = TrainingEntry['steps'][string]['batch'][string];
type Batch = Record<string, Float32Array>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const tensorOf = ({ dtype, shape }: Spec, data: Float32Array | Int32Array): Tensor =>
  new Tensor(dtype as 'float32', data as Float32Array, shape);

/** The loop of docs/train-anywhere.md, from the run's files alone. */
async function plainLoop(out: string, batchOf: (step: StepEntry, index: number) => Batch): Promise<typeof state> {
  const training: TrainingEntry = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')).training;
  const variables = training.variables!;
  const { arrays } = decodeSafetensors(await readFile(join(out, training.state.file)));
  const state = Object.fromEntries(
    Object.entries(variables).map(([name, spec]) => [name, tensorOf(spec, arrays[name]!.data)]),
  );
  const random = Random.fromState(training.random);
  const sessions = new Map<StepEntry, InferenceSession>();
  for (const step of Object.values(training.steps)) {
    sessions.set(step, await InferenceSession.create(await readFile(join(out, step.file))));
  }
  for (let index = 0; index < ITERATIONS; index++) {
    for (const [step, session] of sessions) {
      const feeds: Record<string, Tensor> = {};
      for (const name of step.reads) feeds[name] = state[name]!;
      const batch = batchOf(step, index);
      for (const [name, spec] of Object.entries(step.batch)) feeds[name] = tensorOf(spec, batch[name]!);
      for (const input of step.hostInputs) {
        const numbers = new Float32Array(sizeOf(input.shape));
        if (input.kind === 'normal') random.fillNormal(numbers);
        else if (input.kind === 'uniform') random.fillUniform(numbers, input.low, input.high);
        else numbers.fill(input.value);
        if (session.inputNames.includes(input.name)) feeds[input.name] = new Tensor('float32', numbers, input.shape);
      }
      const results = await session.run(feeds, [...Object.values(step.assigns), ...step.metrics]);
      for (const [name, output] of Object.entries(step.assigns)) state[name] = results[output] as Tensor;
    }
  }
  return state;
}

/** Domains of a graph's operators, those of graphs inside it included. */
function domainsOf(bytes: Uint8Array): Set<string> {
  const { graph, opsetImport } = onnxProto.onnx.ModelProto.decode(bytes);
  const domains = new Set(opsetImport.map(({ domain }) => domain ?? ''));
  const visit = (nodes: NonNullable<typeof graph>['node']): void => {
    for (const { domain, attribute } of nodes ?? []) {
      domains.add(domain ?? '');
      for (const { g } of attribute ?? []) visit(g?.node);
    }
  };
  visit(graph?.node);
  return domains;
}

async function smallGan(): Promise<{ recipe: Recipe; data: DataSet }> {
  const { default: recipe } = await recipes.gan();
  const data = await loadDataSet(recipe.data.embedded);
  const few = { ...data.splits.train, size: 16 };
  return { recipe, data: { ...data, splits: { train: few, validation: few, test: few } } };
}

describe('a saved step, from its files alone', () => {
  const cases: Record<string, () => Promise<Pick<TrainRequest, 'recipe' | 'data' | 'set'>>> = {
    vae: async () => ({ recipe: tinyRecipe, data: tinyData() }),
    'dropout, noise layers, Adagrad, running averages': async () => ({
      recipe: noisyRecipe(),
      data: tinyData(),
      set: { averaging: 0.9 },
    }),
    'two steps that share the state': async () => ({ ...(await smallGan()), set: { batchSize: 8 } }),
  };
  for (const [what, request] of Object.entries(cases)) {
    it(`trains as loadTrainable does: ${what}`, () =>
      inTemporaryFolder(async (out) => {
        const quick = { evaluate: false, figures: false, device: 'cpu', maxSteps: 3, saveStep: true } as const;
        await train({ ...(await request()), ...quick, out });
        const random = new Random(5);
        const batches = Array.from({ length: ITERATIONS }, () => new Map<string, Float32Array>());
        const batchOf = ({ batch }: StepEntry, index: number): Batch => {
          const known = batches[index]!;
          const arrays = Object.entries(batch).map(([name, { shape }]) => {
            if (!known.has(name))
              known.set(
                name,
                Float32Array.from({ length: sizeOf(shape) }, () => random.integer(2)),
              );
            return [name, known.get(name)!] as const;
          });
          return Object.fromEntries(arrays);
        };
        const found = await plainLoop(out, batchOf);
        await using session = await loadTrainable(out, { device: 'cpu' });
        const start = await session.state();
        for (let index = 0; index < ITERATIONS; index++) {
          for (const [name, step] of Object.entries(session.manifest.training.steps)) {
            await session.step(batchOf(step, index), { name });
          }
        }
        const expected = await session.state();
        expect(expected).to.not.deep.equal(start);
        expect(Object.keys(found).sort()).to.deep.equal(Object.keys(expected).sort());
        for (const [name, { shape, data }] of Object.entries(expected)) {
          expect(found[name]!.dims, name).to.deep.equal(shape);
          expect(found[name]!.data, name).to.deep.equal(data);
        }
        for (const { file } of Object.values(session.manifest.training.steps)) {
          expect([...domainsOf(await readFile(join(out, file)))]).to.deep.equal(['']);
        }
      }));
  }

  it('is refused when the manifest tells other shapes than the state has', () =>
    inTemporaryFolder(async (out) => {
      const quick = { evaluate: false, figures: false, device: 'cpu', maxSteps: 1, saveStep: true } as const;
      await train({ recipe: tinyRecipe, data: tinyData(), ...quick, out });
      const path = join(out, 'manifest.json');
      const manifest = JSON.parse(await readFile(path, 'utf8'));
      const refusal = async (): Promise<Error> => {
        await writeFile(path, JSON.stringify(manifest));
        return rejection(() => loadTrainable(out, { device: 'cpu' }));
      };
      manifest.training.variables['encoder/0/kernel'].shape = [16, 9];
      expect(await refusal())
        .to.include({ code: 'manifest-invalid' })
        .with.property('message')
        .that.includes("'encoder/0/kernel' should be float32 [16, 9] in the state, but is float32 [16, 8] there");
      manifest.training.variables = { other: { dtype: 'int32', shape: [] } };
      expect((await refusal()).message).to.include("'other' should be int32 [] in the state, but is not there");
      delete manifest.training.variables; // as older versions wrote it
      await writeFile(path, JSON.stringify(manifest));
      await (await loadTrainable(out, { device: 'cpu' })).dispose();
    }));
});
