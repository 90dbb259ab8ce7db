import { describe } from '../arrays/tensor.js';
import { RunFolderError } from '../errors.js';
import type { AnyManifest, ValueEntry } from '../manifest/base.js';
import { type AnyKind, type GraphInput, type GraphShape, type IntegerOutput, inputType } from './kind.js';

/** Throws RunFolderError when the manifest does not declare the graphs of its kind, with their names and shapes. */
export function checkRoles(kind: AnyKind, manifest: AnyManifest, location: string): void {
  for (const [name, role] of Object.entries(kind.roles(manifest))) {
    const graph = manifest.graphs[name];
    if (!graph && role.required) {
      throw new RunFolderError('run-incomplete', `${location} is not whole: its manifest has no graph '${name}'`, {
        location,
        graph: name,
      });
    }
    if (!graph) continue;
    for (const side of ['inputs', 'outputs'] as const) {
      for (const [value, port] of Object.entries<GraphInput | IntegerOutput | 'any'>(role[side])) {
        const declared = graph[side][value];
        const type = port === 'any' ? undefined : inputType(port);
        if (declared && (type === undefined || sameType(declared, type))) continue;
        const found = declared ? describe(declared.dtype, declared.shape) : 'missing';
        const wanted = type === undefined ? 'present' : describe(type.dtype, type.shape);
        throw new RunFolderError(
          'manifest-invalid',
          `${location}: graph '${name}' of the ${manifest.kind} model must have ${value} ${wanted}; in the manifest it is ${found}`,
          { location, graph: name, value },
        );
      }
    }
  }
}

function sameType(declared: ValueEntry, { dtype, shape }: ReturnType<typeof inputType>): boolean {
  return declared.dtype === dtype && sameShape(declared.shape, shape);
}

function sameShape(declared: GraphShape, expected: GraphShape): boolean {
  return (
    declared.length === expected.length &&
    declared.every((size, axis) =>
      typeof size === 'string' ? typeof expected[axis] === 'string' : size === expected[axis],
    )
  );
}
