import { readFile } from 'node:fs/promises';
import type { Job } from './launcher.js';
import { runJob } from './run-job.js';

const [jobFile, resultFile] = process.argv.slice(2) as [string, string];
const job = JSON.parse(await readFile(jobFile, 'utf8')) as Job;
process.exitCode = await runJob(job, resultFile);
