import { platform } from '#platform';
import { grantDevice, tryDriver } from './grant.js';
import type { ComputeDevice, Device, DeviceOptions, GraphOptions, Session } from './types.js';

/**
 * Grants a device. `auto` walks the platform's list (in Node: cuda, webgpu, cpu) and takes the first that works; the
 * reasons against the others stay readable in `refused`. (Where a run is loaded in a browser, `auto` measures: see `load`.) A named
 * device is strict.
 * Throws DeviceError when it can't be had, in one line that says why.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<ComputeDevice> {
  return grantDevice(options, platform);
}

/** Opens one graph on a device of its own. */
export async function openSession(model: Uint8Array, options: DeviceOptions & GraphOptions = {}): Promise<Session> {
  const device = await openDevice(options);
  try {
    return await device.open(model, options);
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** A line of `doctor`: can the device be asked for, would `auto` consider it, and if not, why. */
export interface DeviceReport {
  readonly device: Device;
  readonly usable: boolean;
  readonly auto: boolean;
  readonly reason?: string;
}

/** Tries every device of this platform. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const driver of platform.drivers) {
    const { device } = driver;
    const attempt = await tryDriver(driver, {}, [], false);
    if (typeof attempt === 'string') {
      reports.push({ device, usable: false, auto: false, reason: attempt });
      continue;
    }
    await attempt.dispose();
    const reason = await driver.refusal(true);
    reports.push(reason ? { device, usable: true, auto: false, reason } : { device, usable: true, auto: true });
  }
  return reports;
}
