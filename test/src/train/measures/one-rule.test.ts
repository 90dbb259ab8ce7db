import { type Float32Tensor, float32, GraphError, PADDING, START, UNKNOWN } from '@onnx-forge/infer';
import {
  classification,
  classifierModel,
  type DataSet,
  defineRecipe,
  type MeasureRequest,
  SENTENCE_IDS,
  type Split,
  sequential,
  TrainError,
  textClassification,
  textClassifierModel,
  tf,
  train,
  translatorModel,
} from '@onnx-forge/train';
import type { Field } from '@onnx-forge/train/data';
import { fractionRight, meanCrossEntropy, measuredFraction, worstFractionRight } from '@onnx-forge/train/measures';
import { expect } from 'chai';
import { liveModelOf } from '../live-model.js';
import { rejection } from '../rejects.js';
import { inTemporaryFolder } from '../tiny.js';

const request: MeasureRequest = { split: 'test', seed: 1, options: {} };

function field(rows: readonly (readonly number[])[], dtype: Field['dtype']): Field {
  const shape = rows[0]!.length === 1 && dtype === 'int32' ? [] : [rows[0]!.length];
  return { shape, dtype, read: (index, out, offset) => out.set(rows[index]!, offset) };
}

function dataOf(split: Split): DataSet {
  return { name: 'hand-made', splits: { train: split, validation: split, test: split }, files: [], embedded: true };
}

/** A classifier of single pixels; logits are a function of the pixel. */
function pixelClassifier(classes: number, logits: (x: tf.Tensor) => tf.Tensor) {
  return classifierModel({
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    featureDim: 1,
    image: { height: 1, width: 1, channels: 1, range: [0, 1] },
    features: (x) => x,
    logits,
  });
}

const byName = (measured: readonly { readonly name: string; readonly value: number }[]) =>
  Object.fromEntries(measured.map(({ name, value }) => [name, value]));

describe('measures of classes', () => {
  const table = (rows: readonly (readonly number[])[]): Float32Tensor =>
    float32(Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 2]);

  it('agree with what is counted by hand', () => {
    // Right: 1st, 2nd, 4th. Of class 0 1 of 2, of class 1 2 of 3, class 2 has no example.
    const [found, truth] = [
      [0, 1, 2, 1, 0],
      [0, 1, 0, 1, 1],
    ];
    expect(fractionRight(found!, truth!)).to.equal(3 / 5);
    expect(worstFractionRight(found!, truth!, 3)).to.equal(1 / 2);
    const probabilities = table([
      [0.5, 0.25, 0.25],
      [0.125, 0.75, 0.125],
    ]);
    expect(meanCrossEntropy(probabilities, [0, 2])).to.be.closeTo((Math.log(2) + Math.log(8)) / 2, 1e-12);
    const about = { split: 'test', examples: 100 } as const;
    expect(measuredFraction('accuracy', 0.9, about)).to.deep.equal({
      ...{ name: 'accuracy', value: 0.9, unit: 'fraction', standardError: Math.sqrt(0.0009), ...about },
    });
  });

  it('of one class, of none, and of numbers that are none', () => {
    expect(fractionRight([1, 1], [1, 1])).to.equal(1);
    expect(worstFractionRight([1, 0], [1, 1], 3)).to.equal(1 / 2);
    expect(fractionRight([], [])).to.be.NaN;
    expect(worstFractionRight([], [], 3)).to.be.NaN;
    expect(meanCrossEntropy(float32(new Float32Array(0), [0, 2]), [])).to.be.NaN;
    expect(fractionRight([Number.NaN, 0], [Number.NaN, 0])).to.equal(1 / 2);
    expect(meanCrossEntropy(table([[Number.NaN, 1]]), [0])).to.be.NaN;
    expect(meanCrossEntropy(table([[0.5, 0.5]]), [2]), 'a label that is no class').to.be.NaN;
    expect(meanCrossEntropy(table([[0, 1]]), [0]), 'underflow').to.be.closeTo(744.44, 0.01);
  });
});

describe('one rule for one measure', () => {
  const labelled = (labels: readonly number[]): DataSet =>
    dataOf({
      size: labels.length,
      fields: {
        x: field(
          labels.map((label) => [label / 10]),
          'float32',
        ),
        label: field(
          labels.map((label) => [label]),
          'int32',
        ),
      },
    });
  const twenty = Array.from({ length: 20 }, (_, i) => i % 10);

  it('a dead net of ten classes is right about one in ten, in validation as in evaluation', async () => {
    const served = pixelClassifier(10, (x) => tf.zeros([x.shape[0]!, 10]).add(x.mul(0)));
    await using model = await liveModelOf(served);
    const validated = byName(await served.validation!(model, labelled(twenty), request));
    const evaluated = byName(await classification(model, labelled(twenty), request));
    expect(validated.accuracy).to.equal(0.1);
    expect(evaluated.accuracy).to.equal(0.1);
    expect(validated.crossEntropy).to.be.closeTo(Math.log(10), 1e-6);
    expect([evaluated.worstClassAccuracy, evaluated.confident]).to.deep.equal([0, 0]);
    // Of a single class: all right if it is the first, none otherwise.
    for (const [label, right] of [
      [0, 1],
      [3, 0],
    ] as const) {
      const data = labelled([label, label, label]);
      expect(byName(await served.validation!(model, data, request)).accuracy).to.equal(right);
      expect(byName(await classification(model, data, request)).worstClassAccuracy).to.equal(right);
    }
  });

  it('classes of several batches are counted once each', async () => {
    // The largest logit is that of the class nearest to 10 x: right but for those that are told apart wrongly by 0.6.
    const served = pixelClassifier(10, (x) => tf.range(0, 10).sub(x.mul(10).mul(0.6)).square().neg());
    await using model = await liveModelOf(served);
    const many = Array.from({ length: 2345 }, (_, i) => (i * 7) % 10);
    const expected = many.filter((label) => Math.round(0.6 * label) === label).length / many.length;
    const { accuracy } = byName(await served.validation!(model, labelled(many), request));
    expect(accuracy).to.be.closeTo(expected, 1e-12).and.within(0.1, 0.3);
  });

  it('a net that gives NaN is refused; of a split without examples there is no mean', async () => {
    const served = pixelClassifier(2, (x) => tf.concat([x, x], 1).mul(Number.NaN));
    await using model = await liveModelOf(served);
    for (const measure of [served.validation!, classification]) {
      const nan = await rejection(() => measure(model, labelled([0, 1]), request));
      expect(nan).to.be.instanceOf(GraphError);
      expect(nan.message).to.include('NaN');
      const none = { ...labelled([0]).splits.test, size: 0 };
      for (const { name, value } of await measure(model, dataOf(none), request)) expect(value, name).to.be.NaN;
    }
  });

  it('texts: the first of equally probable classes', async () => {
    const served = textClassifierModel({
      classes: ['no', 'yes'],
      tokeniser: 'words',
      vocabulary: 'tokens',
      vocabularySize: 3,
      maxLength: 4,
      probabilities: (tokens) => tf.fill([tokens.shape[0]!, 2], 0.5).add(tokens.toFloat().mul(0).sum(1, true)),
    });
    await using model = await liveModelOf(served, { vocabularies: { tokens: [PADDING, UNKNOWN, 'word'] } });
    const rows = [
      [2, 2, 0, 0],
      [2, 0, 0, 0],
      [2, 2, 2, 2],
      [1, 2, 0, 0],
    ];
    const label = field([[0], [1], [1], [1]], 'int32');
    const data = dataOf({ size: 4, fields: { tokens: field(rows, 'int32'), label } });
    expect(byName(await served.validation!(model, data, request))).to.include({ accuracy: 0.25 });
    expect(byName(await textClassification(model, data, request))).to.include({ accuracy: 0.25 });
  });

  it('translations: the first of equally probable words, and what is never reached does not count', async () => {
    const words = [PADDING, UNKNOWN, START, '<eos>', 'a', 'b'];
    const vocabularies = { source: words, target: words };
    // Always <unk> and b with probability 0.4 each, the end mark with 0.2.
    const logProbs = tf.tensor2d([[-99, Math.log(0.4), -99, Math.log(0.2), -99, Math.log(0.4)]]);
    const pairs = { maxWords: 2, sourceStart: false, sourceEnd: false, targetEnd: true } as const;
    const served = translatorModel({
      pairs,
      facts: { vocabularies } as never,
      units: 1,
      attention: false,
      encode: (source) => ({
        outputs: source.toFloat().expandDims(2),
        state: source.toFloat().slice([0, 0], [-1, 1]),
      }),
      decodeStep: ({ state }) => ({ logProbs: state.mul(0).add(logProbs), nextState: state }),
    });
    await using model = await liveModelOf(served, { vocabularies });
    const { end, unknown, padding } = SENTENCE_IDS;
    const source = field(
      [
        [4, 0],
        [4, 5],
        [5, 0],
      ],
      'int32',
    );
    const target = field(
      [
        [5, end, padding],
        [unknown, 5, end],
        [end, padding, padding],
      ],
      'int32',
    );
    const measured = byName(await served.validation!(model, dataOf({ size: 3, fields: { source, target } }), request));
    // 6 tokens: b, end; unknown, b, end; end. No sentence is the most probable one: the end mark never is.
    const nats = -(3 * Math.log(0.4) + 3 * Math.log(0.2)) / 6;
    expect(measured.crossEntropy).to.be.closeTo(nats, 1e-6);
    expect(measured.crossEntropyAlone).to.be.closeTo(nats, 1e-6);
    expect(measured.exactMatch).to.equal(0);
    const scored = await model.scoreTokens([[4], [4], [4]], [[unknown], [unknown, unknown, unknown], [5]]);
    expect(scored.map(({ greedy }) => greedy)).to.deep.equal([true, true, false]);
    logProbs.dispose();
  });
});

describe('numbers that are none', () => {
  const bad = defineRecipe({
    name: 'bad-measure',
    task: 'a test',
    source: 'none',
    data: { real: 'none', embedded: 'none' },
    options: { epochs: 1, batchSize: 2 },
    batch: { x: { shape: [1] }, label: { shape: [], dtype: 'int32', below: 2 } },
    nets: (_, init) => ({
      net: sequential([tf.layers.dense({ inputShape: [1], units: 2, kernelInitializer: init.glorotUniform() })]),
    }),
    steps: {
      step: {
        updates: ['net'],
        optimizer: () => tf.train.sgd(0.01),
        loss: ({ net }, { x }) => ({ loss: net.apply(x).square().mean<tf.Scalar>() }),
      },
    },
    serves: ({ net }) => pixelClassifier(2, (x) => net.apply(x)),
    evaluate: async (_model, _data, { split }) => [
      { name: 'mean of nothing', value: Number.NaN, unit: 'none', split, examples: 0 },
    ],
  });

  it('are not recorded by an evaluation, which would leave a manifest that nobody can read', () =>
    inTemporaryFolder(async (out) => {
      const x = field([[0], [1]], 'float32');
      const data = dataOf({ size: 2, fields: { x, label: field([[0], [1]], 'int32') } });
      const error = await rejection(() => train({ recipe: bad, data, out, device: 'cpu', figures: false }));
      expect(error).to.be.instanceOf(TrainError);
      expect([error.code, error.message]).to.deep.equal([
        'not-finite',
        `${out}: the evaluation gave mean of nothing = NaN on the test split; its numbers are not recorded`,
      ]);
    }));
});
