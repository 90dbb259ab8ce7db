import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  describeSizes,
  type ExportableFunction,
  exportOnnx,
  type OnnxExport,
  requireOpens,
  type Signature,
  type VerifyOptions,
  verify,
} from '@onnx-forge/export';
import { type ImportedModel, importWithAdapters } from '@onnx-forge/export/import';
import { readModel, readOnnxFiles, SavedModelError } from '@onnx-forge/export/sources';
import { ForgeError } from '@onnx-forge/infer';
import type { Outcome } from '../command.js';
import { CommandError, messageOf } from '../errors.js';
import { type Shapes, withShapes } from '../inputs/shapes.js';
import { importUserModule } from '../inputs/user-module.js';
import { writeOutput } from '../output/files.js';
import { formatBytes } from '../output/format.js';
import { table } from '../output/table.js';

/** Above this relative error the graph is not the model. */
const TOLERANCE = 1e-3;

export interface ExportTfjsOptions {
  readonly check: boolean;
  /** Sizes of inputs. */
  readonly shapes?: Shapes;
  /** File of a module that registers layers. */
  readonly module?: string;
}

/** Writes a saved model as `model.onnx` and its signature as `signature.json`; compares the two numerically. */
export async function exportTfjs(file: string, folder: string, options: ExportTfjsOptions): Promise<Outcome> {
  const { module } = options;
  if (module !== undefined) await importUserModule(module, 'module');
  return writeModel(file, await readModel(file), folder, options);
}

/** The same of an ONNX file with adapters, which are merged into its weights. */
export async function exportAdapted(
  file: string,
  adapters: string,
  folder: string,
  options: ExportTfjsOptions,
): Promise<Outcome> {
  const files = await readOnnxFiles(file);
  const bytes = await readFile(adapters).catch((error: unknown) => {
    throw new CommandError('source-missing', `can't read ${adapters}: ${messageOf(error)}`, { adapters });
  });
  const model = await importWithAdapters(files, bytes);
  const signature = { inputs: model.inputs };
  return writeModel(file, { format: 'onnx', run: model.run, signature, nameOf: model.nameOf }, folder, options);
}

interface Source {
  readonly format: string;
  readonly run: ExportableFunction;
  readonly signature: Signature;
  readonly nameOf?: ImportedModel['nameOf'];
}

async function writeModel(file: string, model: Source, folder: string, options: ExportTfjsOptions): Promise<Outcome> {
  const { check, shapes = {} } = options;
  const exported = exportedOf(file, model, withShapes(model.signature, shapes));
  const { bytes, externalData, ...signature } = exported;
  await requireOpens(exported, file);
  const path = join(folder, 'model.onnx');
  for (const [name, part] of Object.entries(externalData)) await writeOutput(join(folder, name), part);
  await writeOutput(path, bytes);
  await writeOutput(join(folder, 'signature.json'), `${JSON.stringify(signature, undefined, 2)}\n`);
  const parity = check ? await compare(exported, model.run) : { ok: true, text: 'not compared with tfjs' };
  const ports = (role: string, values: OnnxExport['inputs']) =>
    Object.entries(values).map(([name, { dtype, shape }]) => [role, name, dtype, `[${shape.join(', ')}]`]);
  return {
    text: [
      `${path} (${formatBytes(bytes.length)}, opset ${exported.opset})`,
      table(['', 'name', 'type', 'shape'], [...ports('input', exported.inputs), ...ports('output', exported.outputs)]),
      parity.text,
    ].join('\n'),
    json: {
      source: file,
      format: model.format,
      folder,
      files: ['model.onnx', ...Object.keys(externalData), 'signature.json'],
      ...signature,
      parity,
    },
    failure: parity.ok ? undefined : `${path} does not agree with tfjs within the tolerance`,
  };
}

/** @throws SavedModelError when tfjs itself can't run the model */
function exportedOf(file: string, { run, nameOf }: Source, signature: Signature): OnnxExport {
  try {
    return exportOnnx(run, signature, nameOf && { nameOf });
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    throw new SavedModelError(`${file}: tfjs can't run the model: ${messageOf(error)}`, file, { cause: error });
  }
}

interface Parity {
  readonly ok: boolean;
  readonly text: string;
  readonly worst?: number;
}

/** Inputs to compare with: N(0, 1), or, for a model that wants indices (an embedding), zeros and ones. */
const SAMPLERS: readonly NonNullable<VerifyOptions['sample']>[] = [
  (_name, { dtype }, random) => (dtype === 'float32' ? random.normal() : random.integer(2)),
  (_name, _type, random) => random.integer(2),
];

async function compare(exported: OnnxExport, model: ExportableFunction): Promise<Parity> {
  let reason = '';
  for (const sample of SAMPLERS) {
    let refusal: unknown;
    const watched: ExportableFunction = (inputs) => {
      try {
        return model(inputs);
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    try {
      const verification = await verify(exported, watched, { sample });
      const { worst, device } = verification;
      const sizes = describeSizes(verification);
      const error = `worst relative error ${worst.toExponential(1)} on ${device}, random inputs${sizes && `, ${sizes}`}`;
      const ok = worst <= TOLERANCE;
      return { ok, worst, text: ok ? `agrees with tfjs: ${error}` : `does NOT agree with tfjs: ${error}` };
    } catch (error) {
      if (error !== refusal) throw error;
      reason = messageOf(error);
    }
  }
  // Numbers that the model itself does not take are no failure of the export.
  return { ok: true, text: `not compared with tfjs: random inputs do not suit this model (${reason})` };
}
