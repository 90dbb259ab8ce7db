import type { Offenders, PackageName } from './rooms.js';

export const OFFENDERS: Readonly<Record<PackageName, Offenders>> = {
  infer: { upwards: [], cycles: [] },
  export: { upwards: [], cycles: [] },
  train: { upwards: [], cycles: [] },
  viz: { upwards: [], cycles: [] },
};
