import type { OpenTarget } from '../target.js';
import { parquet, zip } from './archives.js';
import { amat, cifar, gzip, idx, mat, svhn } from './arrays.js';
import { jpeg, pgm, png, tfImage } from './images.js';
import { onnxImport } from './import.js';
import { graphModel, keras3, layersModel, onnx } from './models.js';
import { npy, npz } from './npy.js';
import { batch, checkpoint, compressed, log, manifest, safetensors, shard, snapshot } from './runs.js';
import { interpolateRequest, likelihoodRequest, perturbRequest, sampleRequest } from './service.js';
import { tar } from './tar.js';
import { csv, jsonl, lines, text, tsv, vocabulary } from './texts.js';

/** Every reader that is fuzzed. */
export const TARGETS: Readonly<Record<string, OpenTarget>> = {
  ...{ npy, npz, csv, tsv, jsonl, text, lines, vocabulary },
  ...{ tar, zip, parquet, gzip, idx, amat, mat, svhn, cifar },
  ...{ png, jpeg, pgm, 'tf-image': tfImage },
  ...{ 'layers-model': layersModel, 'graph-model': graphModel, 'keras-3': keras3, onnx, 'onnx-import': onnxImport },
  ...{ manifest, safetensors, checkpoint, snapshot, log, batch, compressed, shard },
  ...{ 'sample-request': sampleRequest, 'likelihood-request': likelihoodRequest },
  ...{ 'interpolate-request': interpolateRequest, 'perturb-request': perturbRequest },
};
