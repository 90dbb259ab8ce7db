import { expect } from 'chai';

/**
 * Asserts that a number agrees with a formula. With THEORY_PRINT=1 every comparison is printed as well, so that
 * `docs/theory.md` can be read with the numbers beside it.
 */
export function agree(what: string, number: number, formula: number, tolerance: number): void {
  if (process.env.THEORY_PRINT) {
    console.log(`      ${what}: number ${show(number)}, formula ${show(formula)}, tolerance ${show(tolerance)}`);
  }
  expect(number, what).to.be.closeTo(formula, tolerance);
}

/** Asserts low < number < high, printed like {@link agree}: for a measured effect rather than an equality. */
export function between(what: string, number: number, low: number, high: number): void {
  if (process.env.THEORY_PRINT) {
    console.log(`      ${what}: number ${show(number)}, expected in (${show(low)}, ${show(high)})`);
  }
  expect(number, what).to.be.greaterThan(low).and.lessThan(high);
}

function show(value: number): string {
  return String(Number(value.toPrecision(6)));
}
