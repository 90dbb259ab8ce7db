import { tf } from '../tfjs.js';

type Engine = ReturnType<typeof tf.engine>;

/**
 * Gives tfjs's engine a state of its own (counts, scopes, tape, variables), in which code can run without a trace of it
 * left behind: variables keep their data, and tensors from before can't be disposed.
 * @returns puts the state from before back; tensors made meanwhile are disposed.
 */
export function isolateEngine(): () => void {
  const engine = tf.engine();
  const before = engine.state;
  const variables = Object.values(before.registeredVariables).map((variable) => ({
    variable,
    dataId: variable.dataId,
  }));
  const spared = new Set<tf.Tensor>();
  const own = stateOver(before);
  engine.state = own;
  const { disposeTensor } = engine;
  const giveBack = override(engine, 'disposeTensor', (tensor) => {
    if (before.tensorInfo.has(tensor.dataId)) spared.add(tensor);
    else disposeTensor.call(engine, tensor);
  });
  return () => {
    while (own.scopeStack.length > 0) engine.endScope();
    giveBack();
    engine.state = before;
    // Ids of scopes say which tensors a scope owns: they must not come twice.
    before.nextScopeId = own.nextScopeId;
    before.nextTapeNodeId = own.nextTapeNodeId;
    for (const { variable, dataId } of variables) variable.dataId = dataId;
    for (const tensor of spared) (tensor as unknown as { isDisposedInternal: boolean }).isDisposedInternal = false;
  };
}

/** A state that begins where `before` is, outside of every scope and gradient. */
function stateOver(before: Engine['state']): Engine['state'] {
  const state: Engine['state'] = Object.create(Object.getPrototypeOf(before));
  return Object.assign(state, before, {
    registeredVariables: { ...before.registeredVariables },
    tensorInfo: new InfoOver(before.tensorInfo),
    gradientDepth: 0,
    kernelDepth: 0,
    activeTape: null,
    activeScope: null,
    scopeStack: [],
    numDataMovesStack: [],
    profiling: false,
  });
}

type TensorInfo = Engine['state']['tensorInfo'];
type Info = NonNullable<ReturnType<TensorInfo['get']>>;

/** Which backend holds which tensor's data: what is new is kept apart. */
class InfoOver extends WeakMap<object, Info> {
  readonly #below: WeakMap<object, Info>;

  constructor(below: WeakMap<object, Info>) {
    super();
    this.#below = below;
  }

  override get(dataId: object): Info | undefined {
    return super.get(dataId) ?? this.#below.get(dataId);
  }

  override has(dataId: object): boolean {
    return super.has(dataId) || this.#below.has(dataId);
  }
}

interface KernelSetup {
  setupRegisteredKernels(): void;
  disposeRegisteredKernels(): void;
}

/**
 * Changes tfjs's backend without its look through the kernels of every backend for those that want to be set up, which
 * takes longer than a small trace: for a recorder, which has none such, and for the way back to a backend that was in use.
 */
export function withoutKernelSetup(change: () => void): void {
  const engine = tf.engine() as unknown as KernelSetup;
  const nothing = (): void => {};
  const giveBack = [
    override(engine, 'setupRegisteredKernels', nothing),
    override(engine, 'disposeRegisteredKernels', nothing),
  ];
  try {
    change();
  } finally {
    for (const undo of giveBack) undo();
  }
}

/** Replaces a method of one object. @returns undoes it. */
export function override<T extends object, K extends keyof T>(object: T, name: K, method: T[K]): () => void {
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value: method, configurable: true, writable: true, enumerable: true });
  return () => {
    if (own) Object.defineProperty(object, name, own);
    else delete object[name];
  };
}
