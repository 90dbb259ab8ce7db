/**
 * `node --import preload.js`: counts the file operations of the process below a folder, and kills the process or fails one of
 * them, as the plan in the environment says. Callbacks, promises, handles and synchronous calls all count.
 */
import fs, { openSync, type PathLike, writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FaultCode, type Operation, PLAN, type Plan } from './plan.js';

// biome-ignore lint/suspicious/noExplicitAny: functions of every signature are wrapped
type AnyFunction = (...parameters: any[]) => any;
type Functions = Record<string, AnyFunction>;

const NUMBERS: Readonly<Record<FaultCode, number>> = { EIO: -5, ENOSPC: -28, EACCES: -13, EMFILE: -24, short: 0 };
const TEXTS: Readonly<Record<FaultCode, string>> = {
  EIO: 'i/o error',
  ENOSPC: 'no space left on device',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
  short: '',
};

/** Functions of `fs` and `fs/promises` whose first argument is a path. */
const BY_PATH: Readonly<Record<string, Operation>> = {
  open: 'open',
  rename: 'rename',
  mkdir: 'make',
  mkdtemp: 'make',
  rm: 'remove',
  rmdir: 'remove',
  unlink: 'remove',
  utimes: 'write',
  writeFile: 'write',
  appendFile: 'write',
  copyFile: 'write',
  truncate: 'truncate',
  readFile: 'read',
  readdir: 'list',
  stat: 'stat',
  lstat: 'stat',
};

/** Methods of a file handle. */
const BY_HANDLE: Readonly<Record<string, Operation>> = {
  write: 'write',
  writeFile: 'write',
  sync: 'sync',
  datasync: 'sync',
  truncate: 'truncate',
  read: 'read',
  readFile: 'read',
};

/** A plan under way. */
class Course {
  readonly folder: string;
  readonly #plan: Plan;
  readonly #record: number | undefined;
  #count = 0;
  #ofKind = 0;

  constructor(plan: Plan) {
    this.folder = resolve(plan.root);
    this.#plan = plan;
    this.#record = plan.record === undefined ? undefined : openSync(plan.record, 'a');
  }

  /** Counts an operation; gives the fault that it is to meet. */
  meet(operation: Operation, path: string): FaultCode | undefined {
    const { killAt, fault } = this.#plan;
    this.#count++;
    if (this.#record !== undefined) writeSync(this.#record, `${operation} ${path}\n`);
    if (this.#count === killAt) process.kill(process.pid, 'SIGKILL');
    if (operation !== fault?.operation) return undefined;
    this.#ofKind++;
    return this.#ofKind === fault.at || (fault.onward && this.#ofKind > fault.at) ? fault.code : undefined;
  }
}

let course: Course | undefined;

/** From now on this plan holds for the process; undefined: none. */
export function follow(plan: Plan | undefined): void {
  course = plan && new Course(plan);
}

follow((JSON.parse(process.env[PLAN] ?? 'null') as Plan | null) ?? undefined);
await install();

async function install(): Promise<void> {
  const meet = (operation: Operation, path: string): FaultCode | undefined => course?.meet(operation, path);
  const errorOf = (code: FaultCode, syscall: string, path: string): Error =>
    Object.assign(new Error(`${code}: ${TEXTS[code]}, ${syscall} '${path}'`), {
      errno: NUMBERS[code],
      code,
      syscall,
      path,
    });

  const pathOf = (path: unknown): string | undefined => {
    if (!course) return undefined;
    const { folder } = course;
    if (typeof path !== 'string' && !(path instanceof URL) && !Buffer.isBuffer(path)) return undefined;
    const text = path instanceof URL ? fileURLToPath(path) : String(path as PathLike);
    const whole = resolve(text);
    return whole === folder || whole.startsWith(`${folder}/`) ? whole : undefined;
  };

  const paths = new WeakMap<object, string>();
  const promises = fs.promises as unknown as Functions;
  for (const [name, operation] of Object.entries(BY_PATH)) {
    const own = promises[name]!.bind(fs.promises);
    promises[name] = async (path, ...rest) => {
      const counted = pathOf(path);
      if (counted === undefined) return own(path, ...rest);
      const code = meet(operation, counted);
      // A whole file's writing goes on after a short write.
      if (code !== undefined && code !== 'short') throw errorOf(code, name, counted);
      const result = await own(path, ...rest);
      if (name === 'open') paths.set(result as object, counted);
      return result;
    };
    const callback = fs as unknown as Functions;
    const withCallback = callback[name]!;
    callback[name] = (path, ...rest) => {
      const counted = pathOf(path);
      const done = rest.at(-1) as AnyFunction | undefined;
      if (counted === undefined || typeof done !== 'function') return withCallback.call(fs, path, ...rest);
      const code = meet(operation, counted);
      if (code === undefined || code === 'short') return withCallback.call(fs, path, ...rest);
      process.nextTick(done, errorOf(code, name, counted));
    };
    const ownSync = callback[`${name}Sync`];
    if (!ownSync) continue;
    callback[`${name}Sync`] = (path, ...rest) => {
      const counted = pathOf(path);
      const code = counted === undefined ? undefined : meet(operation, counted);
      if (code !== undefined && code !== 'short') throw errorOf(code, name, counted!);
      return ownSync.call(fs, path, ...rest);
    };
  }

  const handle = await fs.promises.open(process.execPath, 'r');
  const methods = Object.getPrototypeOf(handle) as Functions;
  await handle.close();
  for (const [name, operation] of Object.entries(BY_HANDLE)) {
    const own = methods[name]!;
    methods[name] = async function (this: object, ...rest) {
      const path = paths.get(this);
      const code = path === undefined ? undefined : meet(operation, path);
      if (code === 'short') return name === 'write' ? shortWrite(own.bind(this), rest) : own.apply(this, rest);
      if (code !== undefined) throw errorOf(code, name, path!);
      return own.apply(this, rest);
    };
  }
  syncBuiltinESMExports();
}

/** Half of the bytes, as POSIX allows; the caller is told how many. */
async function shortWrite(write: AnyFunction, [bytes, first, ...rest]: unknown[]): Promise<unknown> {
  if (!(bytes instanceof Uint8Array)) return write(bytes, first, ...rest);
  const options =
    typeof first === 'object' && first !== null
      ? (first as { offset?: number; length?: number; position?: number | null })
      : undefined;
  const offset = options ? (options.offset ?? 0) : ((first as number | undefined) ?? 0);
  const length = options
    ? (options.length ?? bytes.length - offset)
    : ((rest[0] as number | undefined) ?? bytes.length - offset);
  const position = options ? (options.position ?? null) : ((rest[1] as number | null | undefined) ?? null);
  return write(bytes, offset, Math.max(1, Math.floor(length / 2)), position);
}
