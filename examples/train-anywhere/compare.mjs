// Compares the state that a program wrote with Node's: node compare.mjs EXPECTED FOUND. Exit code 1 above 1e-6.
import { readFile } from 'node:fs/promises';
import { decodeSafetensors } from '@onnx-forge/infer';

const TOLERANCE = 1e-6;
const [expected, found] = await Promise.all(
  process.argv.slice(2, 4).map(async (file) => decodeSafetensors(await readFile(file)).arrays),
);
let worst = { name: '', difference: 0 };
let [equal, all] = [0, 0];
for (const [name, { data, shape }] of Object.entries(expected)) {
  const other = found[name];
  if (other?.shape.join() !== shape.join()) throw new Error(`${name} is [${other?.shape}], not [${shape}]`);
  const difference = data.reduce((most, value, i) => {
    const apart = Math.abs(value - other.data[i]);
    return apart <= most ? most : apart; // NaN counts as apart
  }, 0);
  all++;
  if (difference === 0) equal++;
  if (!(difference <= worst.difference)) worst = { name, difference };
}
const where = worst.name && ` (${worst.name})`;
console.log(`largest difference ${worst.difference}${where}, ${equal} of ${all} arrays bit for bit`);
if (!(worst.difference <= TOLERANCE)) process.exitCode = 1;
