import { platform } from '#platform';
import { checked, oneOf, POSITIVE, type ValueRule } from '../value-rule.js';
import { Contest, type Trial } from './contest.js';
import type { ChoiceStore, Driver } from './driver.js';
import { grantDevice, tryDriver } from './grant.js';
import type { ComputeDevice, Device, DeviceOptions, Refusal } from './types.js';
import { RUNTIME_VERSION } from './version.js';

/** Work that devices are compared by. */
export interface Workload {
  /** Equal for what takes equally long on the same device: hashes of graphs and sizes of inputs. */
  readonly identity: string;
  /** Reads what it needs, once, and gives what opens it on a device. Not called where the choice is remembered. */
  prepare(): Promise<(device: ComputeDevice) => Promise<Trial>>;
}

/** See `LoadOptions`. */
export interface FastestOptions extends DeviceOptions {
  readonly measure?: 'once' | 'again' | 'never' | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MEASURE: ValueRule<'once' | 'again' | 'never'> = oneOf(['once', 'again', 'never']);

/** A device, and why not the others. */
interface Choice {
  readonly device: Device;
  readonly refused: readonly Refusal[];
}

/** The part of a platform that is used here. */
type Place = Pick<typeof platform, 'drivers' | 'elsewhere' | 'measuring'>;

/**
 * The device on which some work is fastest, where `auto` was asked for on a platform that measures and several devices would be
 * granted; otherwise as `openDevice`. The work is opened on each, timed and freed again; the outcome is remembered.
 *
 * @throws DeviceError, what `prepare` throws, and the signal's reason once it is aborted
 */
export async function openFastest(
  workload: Workload,
  options: FastestOptions,
  place: Place = platform,
): Promise<ComputeDevice> {
  const choice = await fastest(workload, options, place);
  const driver = choice && place.drivers.find(({ device }) => device === choice.device);
  const granted = driver && (await tryDriver(driver, options, choice.refused, true).catch(() => undefined));
  return typeof granted === 'object' ? granted : grantDevice(options, place);
}

/** Undefined where there is nothing to choose between, or no device could do the work. */
async function fastest(workload: Workload, options: FastestOptions, place: Place): Promise<Choice | undefined> {
  const { device = 'auto', measure = 'once' } = options;
  checked('measure', measure, MEASURE);
  const { measuring } = place;
  if (device !== 'auto' || measure === 'never' || !measuring) return undefined;
  const { candidates, refused } = await candidatesOf(place.drivers);
  if (candidates.length < 2) return undefined;
  const { choices, now } = measuring;
  const key = await keyOf(workload, candidates, options);
  const known = measure === 'again' ? undefined : await recall(choices, key, candidates);
  if (known) return quickest(known, refused);
  const contest = await hold(workload, candidates, options, now);
  const [only, ...others] = contest.left;
  const failed = [...refused, ...contest.refused];
  if (only === undefined) return undefined;
  if (others.length === 0) return { device: only, refused: failed };
  await keep(choices, key, contest.times);
  return quickest(contest.times, failed);
}

async function candidatesOf(drivers: readonly Driver[]): Promise<{ candidates: Driver[]; refused: Refusal[] }> {
  const candidates: Driver[] = [];
  const refused: Refusal[] = [];
  for (const driver of drivers) {
    const reason = await driver.refusal(true).catch(driver.explain);
    if (reason === undefined) candidates.push(driver);
    else refused.push({ device: driver.device, reason });
  }
  return { candidates, refused };
}

/** Opens the work on each device, times it, and frees it. */
async function hold(
  workload: Workload,
  candidates: readonly Driver[],
  options: FastestOptions,
  now: () => number,
): Promise<Contest> {
  const open = await workload.prepare();
  const contest = new Contest(options.signal);
  const devices: ComputeDevice[] = [];
  try {
    for (const driver of candidates) {
      await contest.enter(driver.device, async () => {
        const device = await tryDriver(driver, options, [], true);
        if (typeof device === 'string') throw new Error(device);
        devices.push(device);
        return open(device);
      });
    }
    await contest.compare();
    await contest.time(now);
    return contest;
  } finally {
    contest.release();
    await Promise.allSettled(devices.map((device) => device.dispose()));
  }
}

/** The first one of those that are equally fast. */
function quickest(times: ReadonlyMap<Device, number>, refused: readonly Refusal[]): Choice | undefined {
  const [first, ...others] = [...times].sort(([, a], [, b]) => a - b);
  if (!first) return undefined;
  const [device, best] = first;
  const slower = others.map(([loser, time]) => ({
    device: loser,
    reason: `${time > best ? 'slower' : 'no faster'} here: ${shown(time)} ms a call, ${device} ${shown(best)} ms`,
  }));
  return { device, refused: [...refused, ...slower] };
}

function shown(milliseconds: number): number {
  return Number(milliseconds.toPrecision(3));
}

/** All that the times depend on. */
async function keyOf({ identity }: Workload, candidates: readonly Driver[], options: DeviceOptions): Promise<string> {
  const devices: (readonly [Device, string])[] = [];
  for (const driver of candidates) {
    devices.push([driver.device, (await driver.identity?.(options).catch(driver.explain)) ?? '']);
  }
  return JSON.stringify([RUNTIME_VERSION, identity, devices]);
}

/** A choice that can't be kept is measured again. */
async function keep(choices: ChoiceStore, key: string, times: ReadonlyMap<Device, number>): Promise<void> {
  await choices.write(key, JSON.stringify(Object.fromEntries(times))).catch(() => undefined);
}

/** Undefined unless there is a record of these devices' times. */
async function recall(
  choices: ChoiceStore,
  key: string,
  candidates: readonly Driver[],
): Promise<ReadonlyMap<Device, number> | undefined> {
  try {
    const record = JSON.parse((await choices.read(key)) ?? 'null') as Partial<Record<Device, unknown>> | null;
    const times = candidates.map(({ device }) => [device, checked(device, record?.[device], POSITIVE)] as const);
    return new Map(times);
  } catch {
    return undefined;
  }
}
