import { InputError, RunFolderError } from '@onnx-forge/infer';
import { binarisationOf } from '../data/prepare/binarise.js';
import {
  type CertificateOptions,
  type CertifiedMeasurement,
  certificate,
} from '../kinds/latent/measures/certificate.js';
import type { Measure } from '../measures/measure.js';
import { type EvaluateRequest, measureRun } from './evaluate.js';

export interface CertifyRequest extends Omit<EvaluateRequest, 'judge' | 'samples' | 'examples'>, CertificateOptions {}

const GRADIENTS = 'logConditionalGradient';

/** The numbers of {@link certificate}, with what they were measured on. */
export interface Certificate {
  readonly dataSet: string;
  /** How its images became black and white: `threshold`, `stochastic`, `dynamic`, or `file`: they are so in the file. */
  readonly binarisation: string;
  readonly split: string;
  readonly seed: number;
  readonly device: string;
  readonly measurements: readonly CertifiedMeasurement[];
}

/**
 * Measures the likelihood of a variational autoencoder from several sides; the manifest of the run records the numbers.
 *
 * @throws InputError when the run is of another kind, RunFolderError (`graph-missing`) when it has no graph of gradients in z
 */
export async function certifyRun(request: CertifyRequest): Promise<Certificate> {
  const { samples, examples, annealed, steps, chains, compressed, ...rest } = request;
  const measure = certificate({ samples, examples, annealed, steps, chains, compressed });
  const { measurements, data, seed, device } = await measureRun(rest, (model) => {
    const { kind, location, manifest } = model;
    if (kind !== 'latent') {
      throw new InputError(
        `${location} is of kind ${kind}: only variational autoencoders (kind latent) can be certified`,
      );
    }
    if (!Object.hasOwn(manifest.graphs, GRADIENTS)) {
      const message = `${location} was written without the graph '${GRADIENTS}', which annealing needs; train ${manifest.model} --resume --out ${location} writes its graphs again`;
      throw new RunFolderError('graph-missing', message, { location, graph: GRADIENTS });
    }
    return measure as Measure;
  });
  const { split = 'test' } = request;
  return { dataSet: data.name, binarisation: binarisationOf(data) ?? 'file', split, seed, device, measurements };
}
