/** Text generation: an LSTM that reads characters and writes the next one. `node dist/lstm-text-generation.js [epochs] [examples]` */
import tf from '@onnx-forge/export/node';
import { seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 10);
const LENGTH = 16;
const EXAMPLES = Number(process.argv[3] ?? 320);
const BATCH = 32;
const WRITTEN = 30;

/** Sentences of a tiny grammar. */
function makeText(sentences: number, seed: number): string {
  const random = seeded(seed);
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)]!;
  const subject = (): string => `${pick(['the', 'a', 'one'])} ${pick(['cat', 'dog', 'bird', 'crab'])}`;
  const sentence = (): string => `${subject()} ${pick(['sees', 'hears', 'likes'])} ${subject()}. `;
  return Array.from({ length: sentences }, sentence).join('');
}

const text = makeText(100, 1);
const characters = [...new Set(text)].sort();
const indices = Array.from(text, (character) => characters.indexOf(character));
console.log(`${text.length} characters, ${characters.length} different ones`);

/** Windows of the text, one-hot, each with the character that follows. */
function makeDataset(): { xs: tf.Tensor3D; ys: tf.Tensor2D } {
  const random = seeded(2);
  const xs = tf.buffer([EXAMPLES, LENGTH, characters.length]);
  const ys = tf.buffer([EXAMPLES, characters.length]);
  for (let i = 0; i < EXAMPLES; i++) {
    const start = Math.floor(random() * (indices.length - LENGTH - 1));
    for (let j = 0; j < LENGTH; j++) xs.set(1, i, j, indices[start + j]!);
    ys.set(1, i, indices[start + LENGTH]!);
  }
  return { xs: xs.toTensor() as tf.Tensor3D, ys: ys.toTensor() as tf.Tensor2D };
}

const model = tf.sequential();
model.add(tf.layers.lstm({ units: 64, inputShape: [LENGTH, characters.length] }));
model.add(tf.layers.dense({ units: characters.length, activation: 'softmax' }));
model.compile({ optimizer: tf.train.rmsprop(0.01), loss: 'categoricalCrossentropy' });
model.summary();

/** Draws a character; the lower the temperature, the likelier ones. */
function sample(probabilities: tf.Tensor1D, temperature: number, seed: number): number {
  return tf.tidy(() => {
    const logits = tf.div<tf.Tensor1D>(tf.log(tf.maximum(probabilities, 1e-6)), temperature);
    return tf.multinomial(logits, 1, seed, false).dataSync()[0]!;
  });
}

function write(temperature: number): string {
  const window = indices.slice(0, LENGTH);
  let written = '';
  for (let i = 0; i < WRITTEN; i++) {
    const next = tf.tidy(() => {
      const input = tf.oneHot(tf.tensor2d([window], [1, LENGTH], 'int32'), characters.length);
      return sample((model.predict(input) as tf.Tensor).squeeze([0]) as tf.Tensor1D, temperature, i + 1);
    });
    written += characters[next];
    window.shift();
    window.push(next);
  }
  return written;
}

const { xs, ys } = makeDataset();
console.log(`${tf.memory().numTensors} tensors`);
await model.fit(xs, ys, {
  epochs: EPOCHS,
  batchSize: BATCH,
  verbose: 0,
  callbacks: { onEpochEnd: (epoch, logs) => console.log(`epoch ${epoch + 1}: loss ${logs!.loss!.toFixed(6)}`) },
});
for (const temperature of [0.25, 0.75]) console.log(`temperature ${temperature}: "${write(temperature)}"`);
console.log(`${tf.memory().numTensors} tensors`);
