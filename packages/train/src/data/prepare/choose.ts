/** Chooses the paths that a pattern fits, by the name that its group 1 is; of two with one name the first. */
export function endingIn(pattern: RegExp): (paths: readonly string[]) => ReadonlyMap<string, string> {
  return (paths) => {
    const chosen = new Map<string, string>();
    const names = new Set<string>();
    for (const path of paths) {
      const name = pattern.exec(path)?.[1];
      if (name === undefined || names.has(name)) continue;
      names.add(name);
      chosen.set(path, name);
    }
    return chosen;
  };
}
