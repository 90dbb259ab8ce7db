import { type AshaOptions, ashaStopper } from './asha.js';
import { type MedianOptions, medianStopper } from './median.js';
import type { Stopper } from './stopper.js';

/** When trials end early: never, by the median rule, or by successive halving. */
export type Stopping =
  | { readonly name: 'none' }
  | ({ readonly name: 'median' } & MedianOptions)
  | ({ readonly name: 'asha' } & AshaOptions);

/** @returns undefined for `none` */
export function stopperOf(stopping: Stopping): Stopper | undefined {
  switch (stopping.name) {
    case 'median':
      return medianStopper(stopping);
    case 'asha':
      return ashaStopper(stopping);
    default:
      return undefined;
  }
}
