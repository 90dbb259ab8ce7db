import type { ComputeDevice } from '@onnx-forge/infer';
import type { Dialect } from '../graph/dialect.js';
import type { FormTable, Site } from '../graph/form.js';
import { type MeasuredForm, measureForms } from './measure.js';

/** Keeps what was measured, by the conditions that it was measured under. */
export interface FormCache {
  /** Forms that are known under these conditions, perhaps none. */
  read(conditions: string): Promise<Readonly<Record<string, MeasuredForm>>>;
  /** Adds to what is known. Does not reject: a cache that can't be written is as good as none. */
  add(conditions: string, measured: Readonly<Record<string, MeasuredForm>>): Promise<void>;
}

/** How operations that can be written in several forms of equal results get theirs. */
export interface FormOptions {
  /**
   * `default`: by a fixed estimate, so that a step is the same graph on every machine with the same blocks. `measured`: the fastest
   * in trials when the step is compiled (on the CPU in Node; elsewhere the estimate), so that equal seeds may give other last bits
   * on another day. A table: that of {@link CompiledTraining.forms}, for the same bits again; the estimate where it says nothing.
   */
  readonly forms?: 'default' | 'measured' | FormTable | undefined;
  /** Of `measured`: where choices are kept. Default: nowhere. */
  readonly formCache?: FormCache | undefined;
  /** Of `measured`: milliseconds that the trials may take, in all. Default 1000. */
  readonly formBudgetMs?: number | undefined;
  /**
   * Of `measured`: the clock of the trials, in milliseconds. Default: the wall's. With one thread the process's own processor time leaves out
   * what other programs take.
   */
  readonly formClock?: (() => number) | undefined;
}

const BUDGET_MS = 1000;

/** The fastest forms of the sites: from the cache, else by trials for as long as the budget lasts. Other sites are absent. */
export async function fastestForms(
  device: ComputeDevice,
  sites: readonly Site[],
  {
    dialect,
    threads,
    formCache,
    formClock: clock,
    formBudgetMs: budgetMs = BUDGET_MS,
  }: FormOptions & { readonly dialect: Dialect; readonly threads?: number | undefined },
): Promise<FormTable> {
  const conditions = `${device.device}, ${threads ?? 'default'} threads, blocks of ${dialect.channelBlock ?? 1}`;
  const known = (await formCache?.read(conditions)) ?? {};
  const usable = ({ name, forms }: Site): boolean => Object.hasOwn(forms, known[name]?.form ?? '');
  const unknown = sites.filter((site) => !usable(site));
  const measured = await measureForms(device, unknown, { dialect, budgetMs, clock });
  if (Object.keys(measured).length > 0) await formCache?.add(conditions, measured);
  const chosen = sites.flatMap((site): [string, string][] => {
    const one = usable(site) ? known[site.name] : measured[site.name];
    return one ? [[site.name, one.form]] : [];
  });
  return Object.fromEntries(chosen);
}
