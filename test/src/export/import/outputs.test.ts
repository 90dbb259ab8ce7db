import { tf } from '@onnx-forge/export';
import { importModel, importWithAdapters, OnnxImportError, saveAdapters } from '@onnx-forge/export/import';
import { assert } from 'chai';
import type { onnx } from 'onnx-proto';
import { attributeOf, encode, fed, numbers, portOf, tensorOf, weight } from './onnx-file.js';

const node = (
  opType: string,
  input: string[],
  output: string,
  attribute: onnx.IAttributeProto[] = [],
  domain = '',
): onnx.INodeProto => ({ opType, name: output, input, output: [output], attribute, domain });

/** A pipeline as scikit-learn's converter writes it: a scaler, a layer whose bias is a row, and labels by operators without gradients. */
function pipeline(): Uint8Array {
  const columns = (name: string, floats: number[]) => attributeOf(name, { floats });
  return encode({
    nodes: [
      node('Scaler', ['X'], 'scaled', [columns('offset', [1, -1, 0]), columns('scale', [2, 0.5, 4])], 'ai.onnx.ml'),
      node('Cast', ['scaled'], 'cast', [attributeOf('to', 1)]),
      node('MatMul', ['cast', 'coefficient'], 'product'),
      node('Cast', ['product'], 'same', [attributeOf('to', 1)]),
      node('Add', ['same', 'intercepts'], 'sum'),
      node('Softmax', ['sum'], 'probabilities'),
      node('ArgMax', ['probabilities'], 'place', [attributeOf('axis', 1)]),
      node('ArrayFeatureExtractor', ['classes', 'place'], 'label', [], 'ai.onnx.ml'),
    ],
    initializers: [
      tensorOf('coefficient', weight([3, 4])),
      tensorOf('intercepts', weight([1, 4])),
      tensorOf('classes', numbers(3, 5, 7, 9)),
    ],
    inputs: [portOf('X', 'float32', ['batch', 3])],
    outputs: [
      // As a list of dictionaries would be: no tensor.
      { name: 'label', type: { sequenceType: { elemType: { tensorType: { elemType: 7 } } } } } as onnx.IValueInfoProto,
      portOf('probabilities', 'float32', ['batch', 4]),
    ],
  });
}

describe('importing ONNX: the outputs that are wanted', () => {
  before(() => tf.setBackend('cpu'));
  const x = () => tf.tensor([...fed([2, 3]).values], [2, 3]);
  const wanted = { outputs: ['probabilities'] };

  it('need not what only the others do: scikit-learn gives labels, too, by operators that are not read', () => {
    const message = (options: object): string => {
      try {
        importModel(pipeline(), options);
      } catch (error) {
        assert.instanceOf(error, OnnxImportError);
        return (error as Error).message;
      }
      throw new Error('nothing was refused');
    };
    assert.equal(message({}), "output 'label' is a sequence, map or optional, not a tensor");
    assert.equal(message({ outputs: ['label'] }), "output 'label' is a sequence, map or optional, not a tensor");
    assert.equal(
      message({ outputs: ['probability'] }),
      "there is no output 'probability': the outputs are label, probabilities",
    );
    assert.equal(message({ outputs: [] }), 'no output is wanted: the outputs are label, probabilities');
    const model = importModel(pipeline(), wanted);
    assert.deepEqual(model.outputs, ['probabilities']);
    assert.deepEqual([...model.variables.keys()], ['coefficient', 'intercepts']);
    assert.notProperty(model.report.operators, 'ArrayFeatureExtractor');
  });

  it('are what the formulas say: scaled columns, a product, a softmax', () => {
    const model = importModel(pipeline(), wanted);
    const y = model.call({ X: x() }).probabilities!;
    const [w, b] = [weight([3, 4]).values, weight([1, 4]).values];
    const [offset, scale] = [
      [1, -1, 0],
      [2, 0.5, 4],
    ];
    const input = fed([2, 3]).values;
    for (let row = 0; row < 2; row++) {
      const sums = [0, 1, 2, 3].map((c) =>
        [0, 1, 2].reduce((sum, k) => sum + (input[row * 3 + k]! - offset[k]!) * scale[k]! * w[k * 4 + c]!, b[c]!),
      );
      const total = sums.reduce((all, s) => all + Math.exp(s), 0);
      sums.forEach((s, c) => void assert.closeTo(y.dataSync()[row * 4 + c]!, Math.exp(s) / total, 1e-6));
    }
  });

  it('have a last layer that is found by way of casts, with its bias a row, and replaced by one of other classes', () => {
    const { head } = importModel(pipeline(), wanted);
    assert.deepInclude(head, {
      weight: 'coefficient',
      bias: 'intercepts',
      logits: 'sum',
      activation: 'Softmax',
      classes: 4,
    });
    const replaced = importModel(pipeline(), { ...wanted, head: { classes: 2 } });
    assert.deepEqual(replaced.variables.get('intercepts')!.shape, [1, 2]);
    assert.deepEqual(replaced.call({ X: x() }).probabilities!.shape, [2, 2]);
  });

  it('are kept with saved adapters', async () => {
    const files = { bytes: pipeline(), external: {} };
    const model = importModel(files.bytes, { ...wanted, lora: { rank: 1 } });
    model.variables
      .get('coefficient.lora_B')!
      .assign(tf.tensor(fed([4, 1]).values as number[], model.variables.get('coefficient.lora_B')!.shape));
    const again = await importWithAdapters(files, await saveAdapters(model, files));
    assert.deepEqual(again.outputs, ['probabilities']);
    assert.deepEqual(
      [...again.call({ X: x() }).probabilities!.dataSync()],
      [...model.call({ X: x() }).probabilities!.dataSync()],
    );
  });
});
