import type { ElementType, Known } from './known.js';

/** A weight or constant of the file. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Reads the numbers, on demand: a file may hold gigabytes. */
  readonly data: () => Float32Array | Float64Array | Int32Array | Uint8Array;
}

export type AttributeValue = number | string | readonly number[] | readonly string[] | Known | Graph;

/** One operator of the file. */
export interface Node {
  /** Its own name, or one made of its operator and its place in the file. */
  readonly name: string;
  readonly op: string;
  /** `''` is ONNX's own. */
  readonly domain: string;
  /** Names of values; an empty name is an omitted input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** Names of the attributes that are no whole numbers by their type. */
  readonly floats: ReadonlySet<string>;
}

export interface Port {
  readonly name: string;
  readonly type: ElementType;
  /** Undefined where the file does not say; a name is a free size. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

/** A graph, of the file or within a node, its nodes in an order in which each follows its inputs. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly nodes: readonly Node[];
}

/** An ONNX file as read, with the version of its operators. */
export interface OnnxModel {
  readonly graph: Graph;
  readonly opset: number;
  /** The program that wrote the file, as it says itself. */
  readonly producer: string;
  /** Versions of the operator sets of other domains. */
  readonly domains: ReadonlyMap<string, number>;
}
