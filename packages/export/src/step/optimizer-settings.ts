import { StepChangedError } from '../errors.js';
import type { tf } from '../tfjs.js';

type Fields = ReadonlyMap<string, unknown>;

/** tfjs's own count of updates, which changes with every one of them. */
const COUNT = 'iterations_';

/**
 * The settings of the optimizers in compiled steps. A graph holds most of them (decay, momentum, betas, epsilon ...) as
 * constants, so a later change is refused.
 */
export class OptimizerSettings {
  readonly #live = new Map<tf.Optimizer, ReadonlySet<string>>();
  #compiled: readonly (readonly [optimizer: tf.Optimizer, fields: Fields])[] = [];

  /**
   * A step uses this optimizer.
   *
   * @param live its fields that the graph reads at every step
   */
  add(optimizer: tf.Optimizer, live: readonly string[]): void {
    this.#live.set(optimizer, new Set([...live, COUNT]));
  }

  /** The optimizers of the steps traced so far. */
  get optimizers(): Iterable<tf.Optimizer> {
    return this.#live.keys();
  }

  /** Takes the current settings as the compiled ones. */
  freeze(): void {
    this.#compiled = [...this.#live].map(([optimizer, live]) => [optimizer, fixedFields(optimizer, live)]);
  }

  /** @throws StepChangedError naming an optimizer and its setting that differs from the compiled one */
  check(): void {
    for (const [optimizer, before] of this.#compiled) {
      const now = fixedFields(optimizer, this.#live.get(optimizer)!);
      const names = new Set([...before.keys(), ...now.keys()]);
      const field = [...names].find((name) => !Object.is(before.get(name), now.get(name)));
      if (field !== undefined) throw changed(optimizer, field, before.get(field), now.get(field));
    }
  }
}

function fixedFields(optimizer: tf.Optimizer, live: ReadonlySet<string>): Fields {
  return new Map(Object.entries(optimizer).filter(([name]) => !live.has(name)));
}

function changed(optimizer: tf.Optimizer, field: string, from: unknown, to: unknown): StepChangedError {
  const name = nameOf(optimizer);
  const values = [from, to].map((value) => (typeof value === 'object' ? undefined : String(value)));
  const how = values.includes(undefined) ? 'replaced' : `changed from ${values[0]} to ${values[1]}`;
  return new StepChangedError(
    `the ${field} of optimizer ${name} was ${how} after its step was compiled, which would go on with the old one: compile the step again`,
    { optimizer: name, field },
  );
}

/** The optimizer's class in messages. */
export function nameOf(optimizer: tf.Optimizer): string {
  return optimizer.getClassName() ?? optimizer.constructor.name;
}
