/** The line of a row that says what its arithmetic alone takes. */
export const FLOOR = 'floor: its arithmetic at peak';

/** PyTorch as it comes; its other forms begin with this name and a comma. */
export const PYTORCH = 'PyTorch';

/** PyTorch in whatever form. */
export function isTorch(engine: string): boolean {
  return engine === PYTORCH || engine.startsWith(`${PYTORCH}, `);
}
