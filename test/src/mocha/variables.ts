/** A piece of tfjs's engine, which is a global of the process. */
interface Engine {
  disposeVariables(): void;
}

/**
 * Root hooks: after each file (mocha's workers run one after the other) the variables that its tests have left in tfjs's
 * engine go. A trace keeps every variable of the process apart, so that thousands of them make each trace of the files after
 * it several times as slow. (Read as a global: a file that needs no tfjs should not load it for this.)
 */
export const mochaHooks = {
  afterAll(): void {
    (globalThis as { readonly _tfengine?: Engine })._tfengine?.disposeVariables();
  },
};
