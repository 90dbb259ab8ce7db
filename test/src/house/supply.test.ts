import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { skip } from '../mocha/skip.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in the project's root; `code` is 1 for any failure. */
function run(command: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: ROOT, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? 1 : 0, stdout, stderr }),
    );
  });
}

/** Known faults of dependencies that can do no harm here, by the address of the advisory, and why. */
const ALLOWED: Readonly<Record<string, string>> = {};

interface Audit {
  readonly auditReportVersion?: number;
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly (string | { readonly url: string })[] }>>;
}

/** Packages whose install scripts only thank, or fetch what is not asked for. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'core-js': 'asks for donations',
  'onnxruntime-node': 'downloads CUDA libraries; the CPU library is in the package',
  protobufjs: 'warns of versions',
};

describe('what the packages depend on', () => {
  it('has no known fault', async function () {
    const { stdout } = await run('npm', 'audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000');
    const report = (stdout.trim() === '' ? {} : JSON.parse(stdout)) as Audit;
    if (report.auditReportVersion === undefined) {
      skip(this, `the registry gives no report: ${report.message ?? 'no answer'}`);
    }
    const faults = Object.entries(report.vulnerabilities ?? {}).flatMap(([name, { via }]) =>
      via.flatMap((cause) => (typeof cause === 'string' || cause.url in ALLOWED ? [] : [`${name}: ${cause.url}`])),
    );
    expect(faults).to.deep.equal([]);
  });

  it('needs no install script', async () => {
    const { packages } = JSON.parse(await readFile(`${ROOT}package-lock.json`, 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean; dev?: boolean }>;
    };
    const names = Object.entries(packages)
      .filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    expect(names.sort()).to.deep.equal(Object.keys(SCRIPTS).sort());
  });

  it('is used, as are all files and exports (knip.jsonc says what only seems not to be)', async () => {
    const { code, stdout, stderr } = await run(process.execPath, 'node_modules/knip/bin/knip.js', '--no-progress');
    expect([code, stdout, stderr].join('\n').trim()).to.equal('0');
  });
});
