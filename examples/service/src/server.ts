import type { DeviceRequest } from '@onnx-forge/infer';
import { type Limits, type RunningServer, startServer as startServers } from '@onnx-forge/train/serve';

export interface ServerOptions {
  /** Run folder or URL. */
  readonly run: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Names that clients may ask for, without a port. Default: `host` and this machine's own names. */
  readonly hosts?: readonly string[];
  readonly device?: DeviceRequest;
  readonly limits?: Limits;
}

/** Serves one run, as `model`: its routes are at the root too. @throws ForgeError when it can't be loaded */
export function startServer({ run, ...options }: ServerOptions): Promise<RunningServer> {
  return startServers({ runs: { model: run }, ...options });
}
