import type { KnownFailures } from './known-failures.js';
import type { SuiteResult } from './runner.js';

/** A suite run held against the list of known failures. */
export interface Verdict {
  readonly passed: number;
  /** Specs that ran; tfjs's own `xit` specs are not among them. */
  readonly total: number;
  /** Known failures by reason. */
  readonly byReason: ReadonlyMap<string, number>;
  /** One line for each deviation from the list. Empty when the run is as expected. */
  readonly problems: readonly string[];
}

export function judge({ specs, suiteFailures }: SuiteResult, known: readonly KnownFailures[]): Verdict {
  const problems = suiteFailures.map(({ name, message }) => `suite failed: ${name}: ${message}`);
  const entries = new Map<string, KnownFailures>();
  for (const entry of known) {
    for (const name of entry.specs) {
      if (entries.has(name)) problems.push(`listed twice: ${name}`);
      entries.set(name, entry);
    }
  }

  const byReason = new Map<string, number>();
  const ran = specs.filter(({ status }) => status !== 'pending');
  for (const { name, status, message } of ran) {
    const entry = entries.get(name);
    entries.delete(name);
    if (status === 'failed' && !entry) problems.push(`failed: ${name}: ${message}`);
    if (status === 'passed' && entry && !entry.mayPass) problems.push(`listed as failing, but passed: ${name}`);
    if (status === 'failed' && entry) byReason.set(entry.reason, (byReason.get(entry.reason) ?? 0) + 1);
  }
  for (const name of entries.keys()) problems.push(`listed as failing, but did not run: ${name}`);

  return { passed: ran.filter(({ status }) => status === 'passed').length, total: ran.length, byReason, problems };
}
