import { cpu } from '../device/cpu.js';
import { cuda } from '../device/cuda.js';
import type { Driver } from '../device/driver.js';
import { webgpu } from '../device/webgpu.js';

/** The devices of Node, in the order in which `auto` prefers them. */
export const drivers: readonly Driver[] = [cuda, webgpu, cpu];
