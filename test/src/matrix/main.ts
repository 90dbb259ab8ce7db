import { markdown } from './results.js';
import { ROWS } from './rows.js';
import { runTable } from './table-command.js';

const document = new URL('../../../docs/support-matrix.md', import.meta.url);
process.exitCode = await runTable({ name: 'matrix', rows: ROWS, document, markdown }, process.argv.slice(2));
