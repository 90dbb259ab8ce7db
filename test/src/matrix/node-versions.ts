/**
 * The Node versions that this project supports, oldest first: the first release that works, then the newest of each later line.
 * `engines`, the README and docs/support-matrix.md say the same (matrix.test.ts).
 */
export const NODE_VERSIONS = ['20.19.0', '22', '24', '26'] as const;

/** For people: `20.19`, then majors. */
export const OLDEST_NODE: string = NODE_VERSIONS[0].replace(/\.0$/, '');
