import { existsSync } from 'node:fs';
import { type Device, DeviceError, openDevice } from '@onnx-forge/infer';
import { skip } from '../mocha/skip.js';

/** Debian's Chromium ships SwiftShader, a Vulkan driver in software: WebGPU without a GPU. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

// At import, before anything looks for an adapter: the Vulkan loader reads it once.
if (existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES ??= SWIFTSHADER;

/** Skips the running test, saying why, when the device can't be had on this machine. */
export async function needsDevice(context: Mocha.Context, device: Device): Promise<void> {
  try {
    await (await openDevice({ device })).dispose();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    skip(context, error.message);
  }
}
