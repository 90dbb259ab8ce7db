import type { DeviceRequest } from '@onnx-forge/infer';

/** Devices that a command can be asked for. */
export const DEVICES: readonly DeviceRequest[] = ['auto', 'cpu', 'cuda', 'webgpu'];
