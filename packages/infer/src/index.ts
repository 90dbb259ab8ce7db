export { type DeviceReport, openDevice, openSession, probeDevices } from './device/open.js';
export type {
  ComputeDevice,
  Device,
  DeviceOptions,
  DeviceRequest,
  DeviceTensor,
  Feeds,
  GraphOptions,
  Refusal,
  Session,
} from './device/types.js';
export * from './errors.js';
export * from './random.js';
export { type DataType, type DataTypeMap, float32, sizeOf, type Tensor, type TensorSpec } from './tensor.js';
