import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { families, OPSET, tf } from '@onnx-forge/export';
import { assert } from 'chai';
import { operatorsByKernel } from '../../../packages/export/dist/kernel-operators.js';
import { OPERATOR_SINCE } from '../../../packages/export/dist/onnx/operator-since.js';
import { skip } from '../mocha/skip.js';

const PYTHON = process.env.PYTHON ?? 'python3';

/** Prints since which operator set each operator of the arguments has the definition that the set of the first argument uses. */
const SCRIPT = `
import json, sys
try:
    from onnx import defs
except ImportError:
    sys.exit(3)
opset, *names = sys.argv[1:]
print(json.dumps({name: defs.get_schema(name, max_inclusive_version=int(opset)).since_version for name in names}))
`;

describe('the operators that kernels become', () => {
  before(() => tf.setBackend('cpu'));

  it('are known of every lowered kernel, each with a version', () => {
    const operators = operatorsByKernel();
    assert.includeMembers(
      [...operators.keys()],
      Object.values(families).flatMap((lowerings) => lowerings.map(({ kernel }) => kernel)),
    );
    assert.deepEqual(operators.get('Relu'), ['Relu']);
    assert.includeMembers([...operators.get('FusedConv2D')!], ['Conv', 'Relu']);
    assert.sameMembers([...new Set([...operators.values()].flat())], Object.keys(OPERATOR_SINCE));
    for (const [operator, since] of Object.entries(OPERATOR_SINCE)) assert.isAtMost(since, OPSET, operator);
  });

  it("have the versions that PyPI's onnx says", async function () {
    const args = ['-c', SCRIPT, `${OPSET}`, ...Object.keys(OPERATOR_SINCE)];
    const { stdout } = await promisify(execFile)(PYTHON, args).catch((error: Error & { code?: number | string }) => {
      if (error.code === 3) skip(this, `${PYTHON} has no package onnx`);
      if (error.code === 'ENOENT') skip(this, `${PYTHON} is not here`);
      throw error;
    });
    assert.deepEqual(OPERATOR_SINCE, JSON.parse(stdout));
  });
});
