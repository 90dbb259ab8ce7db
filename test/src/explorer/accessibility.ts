import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** Findings of axe on the page as it is, one line each: WCAG 2.2 AA and its own best practices. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(`globalThis.axe ?? (${readAxe()}\n)`);
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: { type: 'rule', values: rules } }) };
  const found = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`);
  const { violations, passes } = found as { violations: Finding[]; passes: Finding[] };
  if (passes.length === 0) throw new Error('axe checked nothing');
  return violations.map(({ impact, id, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** As an expression: the library sets a global variable. */
function readAxe(): string {
  const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  return `(() => { ${readFileSync(path, 'utf8')} })()`;
}
