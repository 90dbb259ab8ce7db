/**
 * The parts of a campaign that are asked for.
 *
 * @throws Error naming one that there is not
 */
export function chosenParts<T extends string>(all: readonly T[], only: readonly string[] | undefined): readonly T[] {
  const unknown = only?.find((name) => !(all as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no '${unknown}'; there are ${all.join(', ')}`);
  return only ? all.filter((name) => only.includes(name)) : all;
}
