export type { Benchmark, Contender, Reading, Runner } from './benchmark.js';
export { Unavailable } from './benchmark.js';
export { insert } from './report/document.js';
export type { Entry, Machine, Measured, NoNumber, Report, Row, RowResult } from './report/result.js';
export { median, type Summary, summarise } from './report/summary.js';
export { markdown, number } from './report/table.js';
export { judge, TARGETS, type Target, type Verdict } from './report/targets.js';
export { type RunOptions, run } from './run.js';
export { project } from './worker/projection.js';
