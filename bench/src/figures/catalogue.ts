import { ADVERSARIAL } from './catalogue/adversarial.js';
import { LATENT } from './catalogue/latent.js';
import { LIKELIHOODS } from './catalogue/likelihoods.js';
import { RECOGNITION } from './catalogue/recognition.js';
import { TEXT } from './catalogue/text.js';
import type { Study } from './study.js';

/** The figures of the documents, in the order in which they are trained: the judge of images first, what goes on from others' runs last. */
export const STUDIES: readonly Study[] = [...RECOGNITION, ...LATENT, ...ADVERSARIAL, ...TEXT, ...LIKELIHOODS];
