import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '@onnx-forge/infer';
import { expect } from 'chai';
import { PACKAGES, ROOT } from './project.js';

describe('the version that files carry', () => {
  for (const [name, folder] of Object.entries(PACKAGES)) {
    it(`is that of ${name}`, () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { version: string };
      expect(VERSION).to.equal(version);
    });
  }
});
