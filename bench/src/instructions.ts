import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** `native`: whatever the processor has; `avx2`: no AVX-512. */
export type Instructions = 'native' | 'avx2';

/** The limit on every engine that is started from now on. Disposed, it is gone. */
export interface InstructionLimit extends AsyncDisposable {
  readonly instructions: Instructions;
}

/** Environment that PyTorch and its libraries (oneDNN, MKL) obey. */
const TORCH_LIMITS = {
  ATEN_CPU_CAPABILITY: 'avx2',
  ONEDNN_MAX_CPU_ISA: 'AVX2',
  MKL_ENABLE_INSTRUCTIONS: 'AVX2',
} as const;

const LIBRARY = 'libonnxruntime.so.1';

/**
 * Where onnxruntime 1.30's library for Linux on x64 asks whether the system saves the registers of AVX-512 (bits 5 to 7 of XCR0), and the
 * jump that it takes if so; without the jump it goes on as on a processor that has AVX2 only.
 */
const PATCHES: readonly { readonly what: string; readonly code: string; readonly jump: number }[] = [
  // not rax; test al, 0xe0; je (6 bytes): kernels of its matrix library
  { what: 'the choice of kernels', code: '48f7d0a8e00f84', jump: 6 },
  // cmp r14d, 0xe6; je (2 bytes): what other operators ask
  { what: 'the flags of the processor', code: '4181fee600000074', jump: 2 },
];

/** Multi-byte no-operations. */
const NOTHING: Readonly<Record<number, string>> = { 2: '6690', 6: '660f1f440000' };

/** @throws Error where it can't be done: on another system, or with another onnxruntime */
export async function limitInstructions(instructions: Instructions): Promise<InstructionLimit> {
  if (instructions === 'native') return { instructions, [Symbol.asyncDispose]: async () => {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('--instructions avx2 works on Linux on x64 only');
  }
  const folder = await mkdtemp(join(os.tmpdir(), 'onnx-forge-avx2-'));
  const copy = join(folder, LIBRARY);
  const binaries = join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    'bin/napi-v6',
  );
  await writeFile(copy, withoutAvx512(await readFile(join(binaries, 'linux/x64', LIBRARY))));
  await requireLoaded(copy);
  const limits: Readonly<Record<string, string>> = { ...TORCH_LIMITS, LD_PRELOAD: copy };
  const before = Object.fromEntries(Object.keys(limits).map((name) => [name, process.env[name]]));
  Object.assign(process.env, limits);
  return {
    instructions,
    async [Symbol.asyncDispose]() {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await rm(folder, { recursive: true });
    },
  };
}

/** @throws Error when onnxruntime-node would load another library than this one: the loader only warns */
async function requireLoaded(copy: string): Promise<void> {
  const program =
    "require('onnxruntime-node'); process.stdout.write(require('fs').readFileSync('/proc/self/maps', 'utf8'))";
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], {
    cwd: dirname(fileURLToPath(import.meta.url)),
    env: { ...process.env, LD_PRELOAD: copy },
    maxBuffer: 2 ** 26,
  });
  const loaded = new Set(stdout.match(/\/\S*libonnxruntime\.so\S*/g));
  if (loaded.size !== 1 || !loaded.has(copy))
    throw new Error(`${LIBRARY} was not exchanged: ${[...loaded].join(', ')}`);
}

/** A copy of onnxruntime's library that finds no AVX-512. @throws Error when its code is not what is known here */
export function withoutAvx512(library: Uint8Array): Uint8Array {
  const patched = Buffer.from(library);
  for (const { what, code, jump } of PATCHES) {
    const bytes = Buffer.from(code, 'hex');
    const at = patched.indexOf(bytes);
    if (at < 0 || patched.indexOf(bytes, at + 1) >= 0) throw new Error(`${what} is not found once in ${LIBRARY}`);
    // The jump's code is at the end of what was sought: two bytes of the long one, one of the short one.
    const start = at + bytes.length - (jump === 6 ? 2 : 1);
    patched.write(NOTHING[jump]!, start, 'hex');
  }
  return patched;
}
