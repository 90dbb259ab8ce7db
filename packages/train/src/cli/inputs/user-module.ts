import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf, UsageError } from '../errors.js';

/**
 * Imports a user's own module, JavaScript or TypeScript, by its path.
 *
 * TypeScript goes through jiti on every Node, also where Node strips types itself: so enums, imports without an extension and
 * `paths` of tsconfig.json mean the same everywhere, and the package.json beside the file need not say `"type": "module"`.
 * Packages are imported by Node: the module gets the instances of `@onnx-forge/train` and tfjs that the command line uses.
 *
 * @param what the module's part, such as `recipe file`
 * @throws UsageError that names the file and, where the error has one, the line in it
 */
export async function importUserModule(file: string, what: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(file);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new UsageError(`there is no ${what} ${path}`, { path });
  try {
    return await (/\.[cm]?ts$/.test(path) ? importTypeScript(path) : import(pathToFileURL(path).href));
  } catch (error) {
    throw new UsageError(`the ${what} ${path} can't be loaded: ${located(error)}`, { path }, { cause: error });
  }
}

async function importTypeScript(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti');
  // No cache of files: nothing is written beside a user's code.
  return createJiti(path, { fsCache: false, tsconfigPaths: true }).import(path);
}

/** `recipe.ts:12: message`, if the error names a line of the user's code. */
function located(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error);
  // As jiti writes it: "ParseError: Unexpected token \n /folder/recipe.ts:2:10"
  const parsed = /^ParseError: (?<message>.*?)\s*\n\s*(?<file>\S.*):(?<line>\d+):\d+$/s.exec(error.message)?.groups;
  if (parsed) return `${basename(parsed.file!)}:${parsed.line}: SyntaxError: ${parsed.message}`;
  const at = userLine(error.stack ?? '');
  return at === undefined ? messageOf(error) : `${at}: ${messageOf(error)}`;
}

/** Where the packages of this project are: `node_modules/@onnx-forge`, or a checkout's `packages`. */
const OWN = fileURLToPath(new URL('../../../../', import.meta.url));

/** The innermost line of a stack that is neither Node's nor a package's. Node's syntax errors begin with it, without `at`. */
function userLine(stack: string): string | undefined {
  const places = stack.matchAll(
    /^(?:\s+at (?:.*\()?(?:async )?)?(?<file>(?:file:\/\/|[A-Za-z]:\\|\/)[^()\n]*?):(?<line>\d+)(?::\d+)?\)?$/gm,
  );
  for (const { groups } of places) {
    const { file, line } = groups as { file: string; line: string };
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    if (!path.startsWith(OWN) && !/[/\\]node_modules[/\\]/.test(path)) return `${basename(path)}:${line}`;
  }
  return undefined;
}
