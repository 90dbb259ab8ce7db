import Mocha from 'mocha';

/**
 * Skips the running test, or every test of the suite whose `before` calls this. The reason stands in the titles of the pending
 * tests, so that reports name it wherever the tests ran.
 */
export function skip(context: Mocha.Context, reason: string): never {
  const { test } = context;
  if (test instanceof Mocha.Hook) test.parent?.eachTest((each) => explain(each, reason));
  else if (test) explain(test, reason);
  return context.skip();
}

function explain(test: { title: string }, reason: string): void {
  test.title += ` (skipped: ${reason})`;
}
