import { TraceMismatchError } from '../errors.js';
import type { Value } from '../graph/value.js';
import { describePlace, type Place } from '../place.js';
import type { tf } from '../tfjs.js';
import { givingDraws } from './draws.js';

/**
 * A function that is being traced, with the random numbers that tfjs draws in it marked: a refusal can say where they come
 * from.
 *
 * @throws TraceMismatchError when it asks `Math.random` itself: what depends on it may look the same in two traces
 */
export function withDrawsNoted<A, R>(
  f: (argument: A) => R,
  recorded: (tensor: tf.Tensor) => Value,
  place: () => Place,
): (argument: A) => R {
  return (argument) =>
    givingDraws(
      ({ ops: [name], make }) => {
        const tensor = make();
        const value = recorded(tensor);
        if (value.source.kind === 'constant') {
          value.source = { ...value.source, drawn: `tf.${name}${describePlace(place())}` };
        }
        return tensor;
      },
      () => f(argument),
      () => {
        throw frozenRandomness(`Math.random${describePlace(place())}`);
      },
    );
}

/** @param what what differs from trace to trace, and where it is made */
export function frozenRandomness(what: string, data: Record<string, unknown> = {}): TraceMismatchError {
  return new TraceMismatchError(
    `${what} differs between two traces: a random number or a clock would be frozen into the graph; make it an input (in a training step: draw it from the step's random)`,
    data,
  );
}
