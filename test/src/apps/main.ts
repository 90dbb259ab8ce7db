import { join } from 'node:path';
import { runTable } from '../matrix/table-command.js';
import { EmptyProject, ROOT } from '../packages/project.js';
import { APPS, ENDURANCE } from './apps.js';
import { Claim } from './claim.js';
import { enduranceRow } from './endurance.js';
import { installApps, Lab } from './lab.js';
import { rowOf } from './row.js';
import { markdown } from './table.js';

const FOLDER = join(ROOT, '.cache', 'apps', 'project');

let lab: Promise<Lab> | undefined;

async function open(): Promise<Lab> {
  const project = new EmptyProject(FOLDER);
  await installApps(project);
  return new Lab(project);
}

const opened = (): Promise<Lab> => (lab ??= open());
const rows = [...APPS.map((app) => rowOf(app, opened)), ...ENDURANCE.map((what) => enduranceRow(what, opened))];
const document = new URL('../../../docs/apps.md', import.meta.url);
try {
  using _ = Claim.take(`${FOLDER}.process`);
  process.exitCode = await runTable({ name: 'apps', rows, document, markdown }, process.argv.slice(2));
  await (await lab?.catch(() => undefined))?.[Symbol.asyncDispose]();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
