import { ForgeError } from '@onnx-forge/infer';
import { expect } from 'chai';

/** The ForgeError that `act` fails with; its message is one line. */
export async function rejection(act: () => unknown): Promise<ForgeError> {
  let failure: unknown;
  try {
    await act();
  } catch (error) {
    failure = error;
  }
  expect(failure, 'what was thrown').to.be.instanceOf(ForgeError);
  const error = failure as ForgeError;
  expect(error.message).to.not.include('\n');
  return error;
}
