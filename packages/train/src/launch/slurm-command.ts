import { type ExecFileException, execFile } from 'node:child_process';

/** A program of Slurm that could not be run, or failed. */
export class SlurmFailure extends Error {
  /** Whether the program isn't there. */
  readonly absent: boolean;

  constructor(program: string, error: ExecFileException, stderr: string) {
    const absent = error.code === 'ENOENT';
    super(
      absent ? `${program} is not installed` : saidIn(stderr) || `${program} failed: ${error.message.split('\n')[0]}`,
    );
    this.absent = absent;
  }
}

/**
 * Runs a program of Slurm.
 *
 * @param input its standard input
 * @returns its standard output
 * @throws SlurmFailure with the program's own words
 */
export function slurm(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (error) reject(new SlurmFailure(program, error, stderr));
      else resolve(stdout);
    });
    // A program that is not there takes no input.
    child.stdin?.on('error', () => {}).end(input);
  });
}

/** `sbatch: error: A` and more such lines, as `A; B`. That the submission failed is known. */
function saidIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\w+: (?:error: |fatal: )?/, '').trim());
  const said = lines.map((line) => line.replace(/^Batch job submission failed: /, '')).filter((line) => line !== '');
  return [...new Set(said)].join('; ');
}
