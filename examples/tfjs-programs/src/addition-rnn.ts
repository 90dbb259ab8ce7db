/** Addition: a recurrent encoder reads "12+34 ", a recurrent decoder writes "46 ". `node dist/addition-rnn.js [epochs] [examples]` */
import tf from '@onnx-forge/export/node';
import { seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 10);
const DIGITS = 2;
const EXAMPLES = Number(process.argv[3] ?? 640);
const BATCH = 64;
const HIDDEN = 64;
const CHARACTERS = '0123456789+ ';
const [QUESTION, ANSWER] = [2 * DIGITS + 1, DIGITS + 1];

interface Sum {
  readonly question: string;
  readonly answer: string;
}

function sums(count: number, seed: number): Sum[] {
  const random = seeded(seed);
  const number = (): number => Math.floor(random() * 10 ** DIGITS);
  return Array.from({ length: count }, () => {
    const [a, b] = [number(), number()];
    return { question: `${a}+${b}`.padEnd(QUESTION), answer: `${a + b}`.padEnd(ANSWER) };
  });
}

/** Texts of equal length, one-hot: [texts, length, characters]. */
function encode(texts: readonly string[]): tf.Tensor3D {
  return tf.tidy(() => {
    const codes = texts.map((text) => Array.from(text, (character) => CHARACTERS.indexOf(character)));
    return tf.oneHot(tf.tensor2d(codes, undefined, 'int32'), CHARACTERS.length).toFloat() as tf.Tensor3D;
  });
}

function decode(scores: tf.Tensor3D): string[] {
  const codes = tf.tidy(() => scores.argMax<tf.Tensor2D>(-1).arraySync());
  return codes.map((row) => row.map((code) => CHARACTERS[code]).join(''));
}

const recurrentInitializer = 'glorotNormal';
const model = tf.sequential();
model.add(tf.layers.lstm({ units: HIDDEN, recurrentInitializer, inputShape: [QUESTION, CHARACTERS.length] }));
model.add(tf.layers.repeatVector({ n: ANSWER }));
model.add(tf.layers.lstm({ units: HIDDEN, recurrentInitializer, returnSequences: true }));
model.add(tf.layers.timeDistributed({ layer: tf.layers.dense({ units: CHARACTERS.length }) }));
model.add(tf.layers.activation({ activation: 'softmax' }));
model.compile({ loss: 'categoricalCrossentropy', optimizer: 'adam', metrics: ['accuracy'] });
model.summary();

const [train, test] = [sums(EXAMPLES, 1), sums(64, 2)];
const encoded = (list: readonly Sum[]): [tf.Tensor3D, tf.Tensor3D] => [
  encode(list.map(({ question }) => question)),
  encode(list.map(({ answer }) => answer)),
];
const [trainXs, trainYs] = encoded(train);
const [testXs, testYs] = encoded(test);
console.log(`${tf.memory().numTensors} tensors`);

for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  const { history } = await model.fit(trainXs, trainYs, {
    epochs: 1,
    batchSize: BATCH,
    validationData: [testXs, testYs],
    yieldEvery: 'epoch',
    verbose: 0,
  });
  const { loss, acc, val_loss, val_acc } = history as Record<string, number[]>;
  const [training, validation] = [[loss, acc] as const, [val_loss, val_acc] as const].map(
    ([loss, accuracy]) => `${loss![0]!.toFixed(6)}, ${accuracy![0]!.toFixed(4)}`,
  );
  console.log(`epoch ${epoch}: loss ${training}, validation ${validation}`);
}
const answers = tf.tidy(() => decode(model.predict(testXs.slice(0, 5)) as tf.Tensor3D));
for (const [i, { question, answer }] of test.slice(0, 5).entries()) {
  console.log(`${question}= ${answers[i]} (${answer})`);
}
console.log(`${tf.memory().numTensors} tensors`);
