import { BINARY } from './binary.js';
import type { QuickKernel } from './kernel.js';
import { PRODUCTS } from './mat-mul.js';
import { MOVEMENT } from './movement.js';
import { REDUCTIONS } from './reduction.js';
import { UNARY } from './unary.js';

export type { HostBackend, QuickKernel } from './kernel.js';

/** By kernel name. */
export const QUICK_KERNELS: ReadonlyMap<string, QuickKernel> = new Map([
  ...BINARY,
  ...UNARY,
  ...REDUCTIONS,
  ...MOVEMENT,
  ...PRODUCTS,
]);
