import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type ClassifierModel, type DeviceOptions, type ImageEntry, load, MANIFEST_FILE } from '@onnx-forge/infer';
import { TrainError } from '../../errors.js';

/** The name of the run that judges those beside it, when no other is named. */
const JUDGE = 'classifier';

export interface JudgeRequest {
  /** The run to be judged. */
  readonly run: string;
  /** The judge that was asked for: a classifier's run. Default: the run `classifier` beside `run`, if there is one. */
  readonly judge?: string | undefined;
  readonly device: DeviceOptions;
  /** Called once with the reason why a judge that was not asked for by name is not used. */
  readonly onAbsent: (reason: string) => void;
}

/** The classifier that reads the samples of generative models; opened when it is first asked for. */
export class Judge implements AsyncDisposable {
  readonly #request: JudgeRequest;
  #model: Promise<ClassifierModel | undefined> | undefined;

  constructor(request: JudgeRequest) {
    this.#request = request;
  }

  /**
   * The judge for images of this kind, or undefined when none was named and none is there.
   *
   * @throws TrainError (`judge-unfit`) when the judge that was named is no classifier of such images
   */
  for(image: ImageEntry): Promise<ClassifierModel | undefined> {
    this.#model ??= this.#open(image);
    return this.#model;
  }

  async #open(image: ImageEntry): Promise<ClassifierModel | undefined> {
    const { run, judge, device, onAbsent } = this.#request;
    const path = judge ?? join(dirname(resolve(run)), JUDGE);
    if (judge === undefined && !(await isRun(path))) {
      onAbsent(
        `no classifier judges the samples: ${path} holds no trained run; train one there with 'train ${JUDGE}' on the same data, or name one by --judge`,
      );
      return undefined;
    }
    const model = await load(path, device);
    const unfit =
      model.kind === 'classifier' ? sizeProblem(model, image) : `it is a ${model.kind} model, not a classifier`;
    if (unfit === undefined) return model as ClassifierModel;
    await model.dispose();
    const message = `${path} can't judge the samples: ${unfit}`;
    if (judge !== undefined) throw new TrainError('judge-unfit', message, { judge: path });
    onAbsent(message);
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#model?.catch(() => undefined))?.dispose();
  }
}

function isRun(path: string): Promise<boolean> {
  return stat(join(path, MANIFEST_FILE)).then(
    () => true,
    () => false,
  );
}

function sizeProblem(judge: ClassifierModel, image: ImageEntry): string | undefined {
  const text = ({ height, width, channels }: ImageEntry) => `${height}x${width}x${channels}`;
  const [reads, has] = [text(judge.manifest.serve.image), text(image)];
  return reads === has ? undefined : `it reads images of ${reads}, and they are ${has}`;
}
