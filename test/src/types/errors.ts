import {
  DeviceError,
  type DeviceErrorCode,
  type ErrorCatalogue,
  ForgeError,
  GraphError,
  type GraphErrorCode,
} from '@onnx-forge/infer';
import { expectTypeOf } from 'expect-type';

/** Compiled, never run: the compiler is the test. */
export function tellsErrorsApart(error: unknown): ForgeError | undefined {
  if (error instanceof DeviceError) expectTypeOf(error.code).toEqualTypeOf<DeviceErrorCode>();
  if (error instanceof GraphError) expectTypeOf(error.code).toEqualTypeOf<GraphErrorCode>();
  // @ts-expect-error: no code of this class
  void new GraphError('device-unknown', 'none');
  // @ts-expect-error: a code without an entry
  const none: ErrorCatalogue<GraphErrorCode> = {};
  void none;
  if (!(error instanceof ForgeError)) return undefined;
  expectTypeOf(error.code).not.toBeAny();
  expectTypeOf(error.code).toExtend<string>();
  return error;
}
