import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkModel,
  type ExportableFunction,
  exportOnnx,
  InvalidModelError,
  type OnnxExport,
  requireOpens,
  type Signature,
  SignatureError,
  tf,
} from '@onnx-forge/export';
import { openSession, type Tensor, VERSION } from '@onnx-forge/infer';
import { assert } from 'chai';
import fc from 'fast-check';
import onnxProto, { type onnx } from 'onnx-proto';
import * as ort from 'onnxruntime-node';

const row = { inputs: { x: { shape: ['n', 3] } } } as const;

function refusal(f: unknown, signature: Signature = row): SignatureError {
  try {
    exportOnnx(f as ExportableFunction, signature);
  } catch (error) {
    assert.instanceOf(error, SignatureError);
    return error as SignatureError;
  }
  throw new Error('it was not refused');
}

async function run(exported: OnnxExport, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  await using session = await openSession(exported.bytes, { device: 'cpu', externalData: exported.externalData });
  return session.run(feeds);
}

const floats = (dims: number[], ...data: number[]): Tensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(data),
});
const numbers = ({ data }: Tensor): number[] => Array.from(data as Float32Array);

describe('exported files', () => {
  before(() => tf.setBackend('cpu'));

  describe('are right where other writers stumble', () => {
    const two = { x: floats([2, 3], 1, 2, 3, 4, 5, 6) };

    it('an input handed on', async () => {
      const results = await run(
        exportOnnx(({ x }) => ({ same: x!, sum: x!.sum(1) }), row),
        two,
      );
      assert.deepEqual(numbers(results.same!), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(numbers(results.sum!), [6, 15]);
    });

    it('a layers model that hands its input on', async () => {
      const table = tf.input({ shape: [3], name: 'files_table' });
      const doubled = tf.layers.add({ name: 'files_doubled' }).apply([table, table]) as tf.SymbolicTensor;
      const exported = exportOnnx(tf.model({ inputs: table, outputs: [table, doubled] }));
      assert.deepEqual(Object.keys(exported.outputs), ['files_table_1', 'files_doubled']);
      const results = await run(exported, { files_table: two.x });
      assert.deepEqual(numbers(results.files_table_1!), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(numbers(results.files_doubled!), [2, 4, 6, 8, 10, 12]);
    });

    it('layers whose names are others with a number', async () => {
      const [a, b] = [tf.input({ shape: [1], name: 'files_a' }), tf.input({ shape: [1], name: 'files_a_1' })];
      const sum = tf.layers.add({ name: 'files_b' }).apply([a, b]) as tf.SymbolicTensor;
      const exported = exportOnnx(tf.model({ inputs: [a, b], outputs: [a, b, sum] }));
      assert.deepEqual(Object.keys(exported.outputs), ['files_a_2', 'files_a_1_1', 'files_b']);
      const results = await run(exported, { files_a: floats([1, 1], 2), files_a_1: floats([1, 1], 5) });
      assert.deepEqual(Object.values(results).flatMap(numbers), [2, 5, 7]);
    });

    it('weights that tfjs cast without converting their array', async () => {
      const cast = tf.tensor1d([1, -2, 3], 'int32').toFloat();
      assert.instanceOf(tf.engine().readSync(cast.dataId), Int32Array);
      const exported = exportOnnx(({ x }) => ({ y: x!.add(cast) }), row);
      assert.deepEqual(numbers((await run(exported, two)).y!), [2, 0, 6, 5, 3, 9]);
    });

    it('one value as two outputs, a weight as an output, an input that is not used', async () => {
      const weight = tf.variable(tf.tensor1d([7, 8]), false);
      const exported = exportOnnx(
        ({ x }) => {
          const y = x!.mul(2);
          return { first: y, second: y, weight, constant: tf.scalar(3) };
        },
        { inputs: { ...row.inputs, unused: { shape: [2], dtype: 'int32' } } },
      );
      const results = await run(exported, { ...two, unused: { type: 'int32', dims: [2], data: Int32Array.of(0, 0) } });
      assert.deepEqual(numbers(results.first!), [2, 4, 6, 8, 10, 12]);
      assert.deepEqual(numbers(results.second!), [2, 4, 6, 8, 10, 12]);
      assert.deepEqual(numbers(results.weight!), [7, 8]);
      assert.deepEqual(numbers(results.constant!), [3]);
      weight.dispose();
    });

    it('variables with the name of an input, of an output, of an operator and of each other', async () => {
      const values = [10, 20, 30, 40, 50];
      const names = ['x', 'y', 'Add', 'w', 'w'];
      const variables = values.map((value) => tf.variable(tf.tensor1d([value, value, value]), false));
      const exported = exportOnnx(({ x }) => ({ y: variables.reduce((sum, v) => sum.add(v), x!) }), row, {
        nameOf: (variable) => names[variables.indexOf(variable as tf.Variable<tf.Rank.R1>)],
      });
      assert.deepEqual(numbers((await run(exported, two)).y!), [151, 152, 153, 154, 155, 156]);
      tf.dispose(variables);
    });

    it('odd names', async () => {
      const weight = tf.variable(tf.tensor1d([1, 1, 1]), false);
      for (const [input, output] of [
        ['constructor', 'toString'],
        ['hasOwnProperty', 'valueOf'],
        ['a b/c:0', 'größe → 尺寸 🎉'],
        ['0', '-1'],
      ] as const) {
        const exported = exportOnnx(
          (inputs) => ({ [output]: inputs[input]!.add(weight) }),
          { inputs: { [input]: { shape: ['n', 3] } } },
          { nameOf: () => '__proto__' },
        );
        const results = await run(exported, { [input]: two.x });
        assert.deepEqual(numbers(results[output]!), [2, 3, 4, 5, 6, 7]);
      }
      weight.dispose();
    });

    it('any names at all: used, or refused', async () => {
      const weight = tf.variable(tf.tensor1d([1, 1, 1]), false);
      const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('Add', 'x', 'x_1', 'Add_1'));
      const used = fc.asyncProperty(name, name, name, async (input, output, variable) => {
        const f: ExportableFunction = (inputs) => ({ [output]: inputs[input]!.add(weight) });
        let exported: OnnxExport;
        try {
          exported = exportOnnx(f, { inputs: { [input]: { shape: ['n', 3] } } }, { nameOf: () => variable });
        } catch (error) {
          assert.instanceOf(error, SignatureError);
          return;
        }
        const results = await run(exported, { [input]: two.x });
        assert.deepEqual(Object.keys(results), [output]);
        assert.deepEqual(numbers(results[output]!), [2, 3, 4, 5, 6, 7]);
      });
      await fc.assert(used, { numRuns: 60, seed: 1 });
      weight.dispose();
    });

    it('dimensions of zero', async () => {
      const empty = tf.variable(tf.zeros([0, 3]), false);
      const exported = exportOnnx(
        ({ x, none }) => ({ joined: tf.concat([x!, empty, none!]), twice: none!.mul(2), sum: none!.sum() }),
        { inputs: { ...row.inputs, none: { shape: [0, 3] } } },
      );
      const results = await run(exported, { ...two, none: floats([0, 3]) });
      assert.deepEqual(numbers(results.joined!), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(results.twice!.dims, [0, 3]);
      assert.deepEqual(numbers(results.sum!), [0]);
      empty.dispose();
    });
  });

  describe('are refused', () => {
    let kept: tf.Tensor | undefined;

    const cases: [string, unknown, RegExp, Signature?][] = [
      ['an async function', async ({ x }: { x: tf.Tensor }) => ({ y: x.mul(2) }), /async.*promise/],
      ['an async function that throws', async () => Promise.reject(new Error('later')), /async/],
      ['nothing', () => {}, /must return tensors by name.*nothing/],
      ['null', () => null, /must return tensors by name.*nothing/],
      ['an empty record', () => ({}), /returns no tensor/],
      ['a tensor alone', ({ x }: { x: tf.Tensor }) => x, /by name.*a tensor alone/],
      ['a list', ({ x }: { x: tf.Tensor }) => [x], /by name.*a list/],
      ['numbers', () => ({ y: 3 }), /output 'y' is a number/],
      ['an absent tensor', () => ({ y: undefined }), /output 'y' is nothing/],
      ['a tensor of strings', () => ({ words: tf.tensor1d(['a']) }), /output 'words' is string/],
      ['complex numbers', () => ({ z: tf.complex([1], [2]) }), /output 'z' is complex64/],
      [
        'a tensor that was disposed',
        ({ x }: { x: tf.Tensor }) => ({ y: disposed(x.mul(2)) }),
        /output 'y' was disposed/,
      ],
      ["an output of an input's name", ({ x }: { x: tf.Tensor }) => ({ x: x.mul(2) }), /'x' is the name of an input/],
      ['an output without a name', ({ x }: { x: tf.Tensor }) => ({ '': x }), /output can't be called "".*empty/],
      ['half a character', ({ x }: { x: tf.Tensor }) => ({ '\ud800': x }), /can't be called.*half a character/],
      ['a control character', ({ x }: { x: tf.Tensor }) => ({ 'a\0b': x }), /can't be called.*control/],
      ['__proto__', ({ x }: { x: tf.Tensor }) => ({ ['__proto__']: x }), /can't be called "__proto__"/],
      ['an input __proto__', () => {}, /can't be called "__proto__"/, { inputs: { ['__proto__']: { shape: [1] } } }],
      ['an input without a name', () => {}, /input can't be called ""/, { inputs: { '': { shape: [1] } } }],
      ['a dimension of -1', () => {}, /input 'x' has a dimension of -1/, { inputs: { x: { shape: [-1] } } }],
      ['strings to read', () => {}, /input 'x' is string/, { inputs: { x: { shape: [1], dtype: 'string' as never } } }],
    ];
    for (const [what, f, message, signature] of cases) {
      it(what, () => assert.match(refusal(f, signature).message, message));
    }

    it('a tensor of another trace', () => {
      exportOnnx(({ x }) => {
        kept = tf.keep(x!.mul(2));
        return { y: kept };
      }, row);
      assert.match(refusal(({ x }: { x: tf.Tensor }) => ({ y: x.add(kept!) })).message, /another trace/);
      assert.match(refusal(() => ({ y: kept! })).message, /another trace/);
    });
  });

  describe('are checked apart from how they were written', () => {
    const { bytes } = exportOnnx(({ x }) => ({ y: tf.matMul(x!, tf.ones([3, 2])).relu(), z: x!.sum(1) }), row);
    type Change = (model: onnx.ModelProto & { graph: onnx.GraphProto }) => void;
    const changed = (change: Change): Uint8Array => {
      const model = onnxProto.onnx.ModelProto.decode(bytes) as onnx.ModelProto & { graph: onnx.GraphProto };
      change(model);
      return onnxProto.onnx.ModelProto.encode(model).finish();
    };
    const { AttributeType } = onnxProto.onnx.AttributeProto;
    const identity = (input: string, output: string): onnx.INodeProto => {
      return { opType: 'Identity', input: [input], output: [output] };
    };
    const body = (graph: onnx.IGraphProto): onnx.INodeProto => ({
      opType: 'If',
      input: ['x'],
      output: ['branch'],
      attribute: [{ name: 'then_branch', type: AttributeType.GRAPH, g: { name: 'then', ...graph } }],
    });
    const type = { tensorType: { elemType: 1, shape: { dim: [] } } };

    const faults: [string, RegExp, Change][] = [
      [
        'a value defined twice',
        /'y' has the name of another value/,
        ({ graph }) => graph.node.push(identity('x', 'y')),
      ],
      ['a node that defines an input', /'x' has the name/, ({ graph }) => graph.node.push(identity('y', 'x'))],
      ["an initializer of an input's name", /'x' has the name/, ({ graph }) => (graph.initializer[0]!.name = 'x')],
      ['nodes out of order', /nothing before it defines/, ({ graph }) => graph.node.reverse()],
      ['a name that nothing defines', /reads 'ghost'/, ({ graph }) => graph.node.push(identity('ghost', 'a'))],
      [
        'an output that nothing computes',
        /output 'x' is computed by no node/,
        ({ graph }) => (graph.output[0]!.name = 'x'),
      ],
      ['an output named twice', /output 'y' is there twice/, ({ graph }) => (graph.output[1]!.name = 'y')],
      ['no outputs', /has no outputs/, ({ graph }) => (graph.output = [])],
      ['an output without a type', /output 'y' has no type/, ({ graph }) => (graph.output[0]!.type = null)],
      [
        'a negative dimension',
        /dimension of -1/,
        ({ graph }) => (graph.input[0]!.type!.tensorType!.shape!.dim![1] = { dimValue: -1 }),
      ],
      [
        'an initializer of another size',
        /bytes, but its shape has/,
        ({ graph }) => (graph.initializer[0]!.dims = [17]),
      ],
      ['no operator set', /domain '', which is not imported/, (model) => (model.opsetImport = [])],
      ['a domain that is not imported', /'ours', which/, ({ graph }) => (graph.node[0]!.domain = 'ours')],
      [
        'an attribute of another type',
        /attribute 'axis'.*does not hold/,
        ({ graph }) => (graph.node[0]!.attribute = [{ name: 'axis', type: AttributeType.INT, f: 1 }]),
      ],
      [
        'a body that reads what is defined later',
        /reads 'late'/,
        ({ graph }) =>
          graph.node.push(
            body({ node: [identity('late', 'inner')], output: [{ name: 'inner', type }] }),
            identity('x', 'late'),
          ),
      ],
      [
        'a body that defines a name of the graph around it',
        /'y' has the name/,
        ({ graph }) => graph.node.push(body({ node: [identity('x', 'y')], output: [{ name: 'y', type }] })),
      ],
      [
        'external data that are not there',
        /lies in 'gone'/,
        ({ graph }) => {
          const [tensor] = graph.initializer;
          tensor!.dataLocation = onnxProto.onnx.TensorProto.DataLocation.EXTERNAL;
          tensor!.externalData = [
            { key: 'location', value: 'gone' },
            { key: 'length', value: '24' },
          ];
        },
      ],
    ];
    for (const [what, message, change] of faults) {
      it(what, () => {
        const file = changed(change);
        assert.throws(() => checkModel(file), InvalidModelError, message);
      });
    }

    it('and a body that reads values around it passes', () => {
      const file = changed(({ graph }) => {
        graph.node.push(body({ node: [identity('y', 'inner')], output: [{ name: 'inner', type }] }));
      });
      checkModel(file);
      checkModel(bytes);
    });

    it('and onnxruntime has the last word', async () => {
      const file = changed(({ graph }) => (graph.node[0]!.opType = 'NoSuchOperator'));
      checkModel(file);
      const error = await requireOpens({ bytes: file, externalData: {} }, 'it').catch((reason: Error) => reason);
      assert.match(String(error), /it can't be opened on cpu.*NoSuchOperator/);
    });
  });

  describe('keep large weights beside them', () => {
    const shapes = [[40, 30], [30], [30, 50], [50, 8]];
    const values = shapes.map(([n, m = 1], k) => Array.from({ length: n! * m }, (_, i) => Math.sin(i + k)));
    const weights = () => shapes.map((shape, k) => tf.variable(tf.tensor(values[k]!, shape), false));
    const feeds = { x: floats([1, 40], ...Array.from({ length: 40 }, (_, i) => Math.cos(i))) };

    function exported(above?: number): OnnxExport {
      const [a, b, c, d] = weights();
      const f: ExportableFunction = ({ x }) => ({ y: x!.matMul(a!).add(b!).matMul(c!).matMul(d!) });
      const names = new Map([a, b, c, d].map((variable, i) => [variable, `w${i}`]));
      const result = exportOnnx(
        f,
        { inputs: { x: { shape: ['n', 40] } } },
        {
          nameOf: (variable) => names.get(variable),
          ...(above !== undefined && { externalData: { above, name: 'net' } }),
        },
      );
      tf.dispose([a!, b!, c!, d!]);
      return result;
    }

    it('when asked: the same numbers, and the same bytes every time', async () => {
      const [inside, outside] = [exported(), exported(0)];
      assert.deepEqual(inside.externalData, {});
      assert.deepEqual(Object.keys(outside.externalData), ['net.data']);
      assert.isBelow(outside.bytes.length, inside.bytes.length - 4 * (1200 + 1500 + 400) + 1000);
      checkModel(outside.bytes, outside.externalData);
      const [one, other] = [await run(inside, feeds), await run(outside, feeds)];
      assert.deepEqual(numbers(other.y!), numbers(one.y!));
      const again = exported(0);
      assert.deepEqual(again.bytes, outside.bytes);
      assert.deepEqual(again.externalData, outside.externalData);
    });

    it('at aligned places, which hold their numbers', () => {
      const { bytes, externalData } = exported(0);
      const { graph } = onnxProto.onnx.ModelProto.decode(bytes);
      const placed = graph!.initializer!.filter((tensor) => tensor.externalData!.length > 0);
      // The bias is too small to be worth a place.
      assert.lengthOf(placed, 3);
      const found = placed.map(({ externalData: about }) => {
        const { offset, length } = Object.fromEntries(about!.map(({ key, value }) => [key, value]));
        assert.equal(Number(offset) % 4096, 0);
        return Array.from(
          new Float32Array(externalData['net.data']!.slice(Number(offset), Number(offset) + Number(length)).buffer),
        );
      });
      assert.deepEqual(
        found,
        [values[0], values[2], values[3]].map((list) => Array.from(Float32Array.from(list!))),
      );
    });

    it('not up to the limit', () => assert.deepEqual(exported(10 ** 6).externalData, {}));

    it('where onnxruntime finds them by the path of the model', async () => {
      const { bytes, externalData } = exported(0);
      const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-test-'));
      try {
        await writeFile(join(folder, 'net.onnx'), bytes);
        for (const [name, part] of Object.entries(externalData)) await writeFile(join(folder, name), part);
        const session = await ort.InferenceSession.create(join(folder, 'net.onnx'), { logSeverityLevel: 4 });
        const { y } = await session.run({ x: new ort.Tensor('float32', feeds.x.data as Float32Array, [1, 40]) });
        assert.deepEqual(Array.from(y!.data as Float32Array), numbers((await run(exported(), feeds)).y!));
        await session.release();
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it('and say so when they are missing', async () => {
      const { bytes } = exported(0);
      const error = await openSession(bytes, { device: 'cpu' }).catch((reason: Error) => reason);
      assert.match(String(error), /net\.data/);
    });

    it('of more than 2 GiB', async function () {
      const need = 8 * 2 ** 30;
      const reason = !process.env.ONNX_FORGE_LARGE
        ? 'set ONNX_FORGE_LARGE=1 to run it'
        : freemem() < need
          ? `it needs 8 GiB of free memory, and there are ${(freemem() / 2 ** 30).toFixed(1)}`
          : undefined;
      if (reason) {
        console.log(`      skipped: ${reason}`);
        return this.skip();
      }
      const size = 190_000_000;
      const large = [1, 2, 3].map((value) => tf.variable(tf.fill([1, size], value), false));
      const f: ExportableFunction = ({ x }) => ({
        y: tf.addN(large.map((w) => w.slice([0, size - 2], [1, 2]).mul(x!))),
      });
      const result = exportOnnx(f, { inputs: { x: { shape: [1, 1] } } });
      const sizes = Object.values(result.externalData).map(({ length }) => length);
      assert.deepEqual(sizes, [4 * size, 4 * size, 4 * size]);
      assert.deepEqual(numbers((await run(result, { x: floats([1, 1], 0.5) })).y!), [3, 3]);
      tf.dispose(large);
    });
  });

  describe('say where they come from', () => {
    const f: ExportableFunction = ({ x }) => ({ total: x!.sum(1) });

    it('writer, version, signature, and what the caller says', () => {
      const { bytes } = exportOnnx(f, row, { metadata: { recipe: 'none', licence: 'Apache-2.0' } });
      const model = onnxProto.onnx.ModelProto.decode(bytes);
      assert.equal(model.producerName, 'onnx-forge');
      assert.equal(model.producerVersion, VERSION);
      assert.equal(Number(model.irVersion), 8);
      assert.deepEqual(
        model.metadataProps.map(({ key, value }) => [key, value]),
        [
          ['recipe', 'none'],
          ['licence', 'Apache-2.0'],
        ],
      );
      assert.equal(model.graph!.docString, 'x float32[n, 3] -> total float32[n]');
    });

    describe('in the names of nodes and values', () => {
      const names = ({ bytes }: OnnxExport) =>
        onnxProto.onnx.ModelProto.decode(bytes).graph!.node!.map(({ name }) => name);
      const model = () =>
        tf.sequential({
          layers: [
            tf.layers.dense({ units: 4, activation: 'relu', inputShape: [3], name: 'files_hidden' }),
            tf.layers.dense({ units: 2, name: 'files_out' }),
          ],
        });

      it('their layer', () => {
        const exported = exportOnnx(model());
        for (const name of names(exported)) assert.match(name!, /^files_(hidden|out)\//);
        assert.includeMembers(names(exported) as string[], ['files_hidden/Gemm', 'files_out/Gemm']);
        const { graph } = onnxProto.onnx.ModelProto.decode(exported.bytes);
        assert.includeMembers(
          graph!.node!.flatMap(({ output }) => output!),
          ['files_hidden/Gemm', 'files_out'],
        );
      });

      it('their kernel, outside of layers', () => {
        const f: ExportableFunction = ({ x }) => ({ y: tf.softmax(x!.elu()) });
        for (const name of names(exportOnnx(f, row))) assert.match(name!, /^(Elu|Softmax)(\/\w+)?$/);
      });

      it('their weights, where these have names of the caller', () => {
        const net = model();
        const stable = ['encoder/0/kernel', 'encoder/0/bias', 'encoder/1/kernel', 'encoder/1/bias'];
        const variables = net.weights.map((weight) => weight.read() as tf.Variable);
        const exported = exportOnnx(({ x }) => ({ y: net.apply(x!) as tf.Tensor }), row, {
          nameOf: (variable) => stable[variables.indexOf(variable)],
        });
        for (const name of names(exported)) assert.match(name!, /^encoder\/[01]\//);
      });
    });

    it('and are the same bytes every time', () => assert.deepEqual(exportOnnx(f, row).bytes, exportOnnx(f, row).bytes));
  });
});

function disposed(tensor: tf.Tensor): tf.Tensor {
  tensor.dispose();
  return tensor;
}
