import { NoChromiumError } from '../browser/chromium.js';
import { skip } from '../mocha/skip.js';
import type { EmptyProject } from '../packages/project.js';
import { APPS } from './apps.js';
import { Lab } from './lab.js';
import { check } from './row.js';

/** The quick apps of `npm run apps`, in a project in which infer, onnxruntime and esbuild are installed. */
export function describeApps(project: () => EmptyProject): void {
  describe("people's apps", () => {
    let lab: Lab;
    before(() => {
      lab = new Lab(project());
    });
    after(() => lab?.[Symbol.asyncDispose]());

    for (const app of APPS.filter(({ quick }) => quick)) {
      it(`${app.title}: ${app.refused ? 'refuses' : 'runs'} a trained model`, async function () {
        this.timeout(300_000);
        let text = '';
        const log = (more: string): void => {
          text += more;
        };
        await check(app, lab, log).catch((error: Error) => {
          if (error instanceof NoChromiumError) skip(this, error.message);
          throw new Error(`${error.message}\n${text}`, { cause: error });
        });
      });
    }
  });
}
