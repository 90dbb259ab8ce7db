import { tf } from '@onnx-forge/export';
import { AFTER, beginning, Choices, NoOperand, OPERATIONS, type Operation, type Step } from './random-programs.js';

interface Numbers {
  readonly dtype: tf.DataType;
  readonly shape: number[];
  readonly values: number[];
}

/** A step that found operands. */
interface Taken {
  readonly name: string;
  readonly inputs: readonly Numbers[];
  readonly outputs: readonly Numbers[];
  readonly compute: ReturnType<Operation['run']>['compute'];
  readonly margin: number;
  /** Steps whose outputs it takes. */
  readonly from: readonly number[];
}

const numbersOf = async (t: tf.Tensor): Promise<Numbers> => ({
  dtype: t.dtype,
  shape: t.shape,
  values: Array.from(await t.data()),
});

/** Where a tensor comes from: the number of a step, or -1; an output may be given on. */
type Origins = Map<tf.Tensor, number>;

export interface Run {
  /** With `keepAll`: each step. */
  readonly taken: readonly Taken[];
  /** Numbers that the program ends with, and the steps that made them. */
  readonly last: readonly (Numbers & { readonly step: number })[];
  /** tf.memory() after each step, less what there was before. */
  readonly memory: readonly (readonly number[])[];
}

/** Runs a program on a backend; with `keepAll` nothing is disposed and nothing read before its end. */
export async function runProgram(backend: string, steps: readonly Step[], keepAll: boolean): Promise<Run> {
  await tf.setBackend(backend);
  const engine = tf.engine();
  const start = tf.memory();
  engine.startScope();
  const origins: Origins = new Map();
  const pool = beginning();
  const variable = tf.variable(tf.ones([4, 6]));
  pool.push(variable);
  const scopes: Set<tf.Tensor>[] = [];
  let done = 0;
  const memory: number[][] = [];
  const kept: {
    name: string;
    inputs: tf.Tensor[];
    outputs: tf.Tensor[];
    from: number[];
    chosen: ReturnType<Operation['run']>;
  }[] = [];
  try {
    for (const { op, picks, after } of steps) {
      const operation = OPERATIONS[op % OPERATIONS.length]!;
      let chosen: ReturnType<Operation['run']>;
      try {
        chosen = operation.run(new Choices(pool, picks));
      } catch (error) {
        if (error instanceof NoOperand) continue;
        throw error;
      }
      const outputs = tf.tidy(() => chosen.compute(chosen.inputs));
      if (keepAll) {
        const inputs = chosen.inputs.map((input) => tf.clone(input));
        kept.push({
          name: operation.name,
          inputs,
          outputs,
          from: chosen.inputs.map((t) => origins.get(t) ?? -1),
          chosen,
        });
      }
      for (const output of outputs) origins.set(output, done);
      done++;
      pool.push(...outputs);
      switch (AFTER[after % AFTER.length]) {
        case 'read at once':
          if (!keepAll) outputs[0]!.dataSync();
          break;
        case 'await':
          if (!keepAll) await outputs[0]!.data();
          break;
        case 'dispose': {
          const [gone] = pool.splice(picks[0]! % pool.length, 1);
          if (gone === variable) pool.push(variable);
          else if (!keepAll) gone!.dispose();
          break;
        }
        case 'open a scope':
          scopes.push(new Set(pool));
          if (!keepAll) engine.startScope();
          break;
        case 'close a scope': {
          const outside = scopes.pop();
          if (!outside) break;
          const results = pool.slice(-2).filter((t) => t !== variable);
          if (!keepAll) engine.endScope(results as never);
          const before = pool.filter((t) => outside.has(t));
          pool.splice(0, pool.length, ...new Set([...before, ...results, variable]));
          break;
        }
        case 'assign': {
          const value = pool.findLast((t) => t !== variable && t.dtype === 'float32' && String(t.shape) === '4,6');
          if (!value) break;
          variable.assign(value);
          origins.set(variable, origins.get(value) ?? -1);
          break;
        }
        default:
      }
      const now = tf.memory();
      memory.push([
        now.numTensors - start.numTensors,
        now.numDataBuffers - start.numDataBuffers,
        now.numBytes - start.numBytes,
      ]);
    }
    const taken: Taken[] = [];
    for (const { name, inputs, outputs, from, chosen } of kept) {
      const given = await Promise.all(inputs.map(numbersOf));
      taken.push({
        name,
        from,
        inputs: given,
        outputs: await Promise.all(outputs.map(numbersOf)),
        compute: chosen.compute,
        margin: chosen.margin?.(given.map(({ values }) => values)) ?? Number.POSITIVE_INFINITY,
      });
    }
    const last = await Promise.all(pool.map(async (t) => ({ ...(await numbersOf(t)), step: origins.get(t) ?? -1 })));
    return { taken, last, memory };
  } finally {
    while (scopes.pop() !== undefined) if (!keepAll) engine.endScope();
    engine.endScope();
    variable.dispose();
  }
}
