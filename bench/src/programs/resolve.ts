/** Module hooks (`module.register`) of a program's process: they exchange the one import line. */
import type { ResolveHook } from 'node:module';

const IMPORTED = '@onnx-forge/export/node';

let replacement: string | undefined;

export function initialize(url: string | undefined): void {
  replacement = url;
}

export const resolve: ResolveHook = (specifier, context, next) =>
  next(specifier === IMPORTED && replacement !== undefined ? replacement : specifier, context);
