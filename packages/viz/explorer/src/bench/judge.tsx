import {
  type ClassifierModel,
  type DeviceRequest,
  type ImageEntry,
  InputError,
  load,
  MeanAndError,
} from '@onnx-forge/infer';
import { useContext, useEffect, useState } from 'preact/hooks';
import { Choice } from '../parts/fields.js';
import { useLive } from '../parts/live.js';
import { OfferContext } from '../state/offer.js';
import { useText } from '../state/router.js';

/** Classes of images, by a classifier, and how sure it is of them. */
export interface Verdicts {
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  /** The probability of each image's class. */
  readonly confidences: Float32Array;
  /** Their mean, and its standard error. */
  readonly mean: number;
  readonly error: number;
  /** How many classes there are among the images. */
  readonly seen: number;
}

export interface Judged {
  readonly name: string;
  readonly choices: readonly string[];
  readonly choose: (name: string) => void;
  readonly verdict: Verdicts | undefined;
  readonly error: Error | undefined;
}

/** A classifier among the runs of the page, chosen by name, and what it says of some images [n, pixels]. */
export function useJudge(image: ImageEntry, device: DeviceRequest, images: Float32Array | undefined): Judged {
  const { runs } = useContext(OfferContext);
  const [name, choose] = useText('judge', '', { push: true });
  const classifiers = runs.filter(({ kind }) => kind === 'classifier');
  const location = classifiers.find((run) => run.name === name)?.location;
  const [opened, setOpened] = useState<{ model?: ClassifierModel; error?: Error }>({});
  useEffect(() => {
    setOpened({});
    if (location === undefined) return;
    const abort = new AbortController();
    let model: Awaited<ReturnType<typeof load>> | undefined;
    const open = async (): Promise<void> => {
      model = await load(location, { device, signal: abort.signal });
      if (abort.signal.aborted) return model.dispose();
      const unfit =
        model.kind === 'classifier' ? sizeProblem(model.manifest.serve.image, image) : `it is a ${model.kind}`;
      setOpened(
        unfit === undefined
          ? { model: model as ClassifierModel }
          : { error: new InputError(`${name} can't judge these images: ${unfit}`) },
      );
    };
    open().catch((error: Error) => abort.signal.aborted || setOpened({ error }));
    return () => {
      abort.abort();
      void model?.dispose();
    };
  }, [location, device, image]);
  const { model } = opened;
  const judged = useLive(model && images ? () => judge(model, image, images) : undefined, [model, images]);
  return {
    ...{ name, choose },
    choices: classifiers.map((run) => run.name),
    verdict: model ? judged.value : undefined,
    error: opened.error ?? judged.error,
  };
}

async function judge(model: ClassifierModel, image: ImageEntry, images: Float32Array): Promise<Verdicts> {
  const size = image.height * image.width * image.channels;
  // Both have their own range of values.
  const [low, high] = image.range;
  const [from, to] = model.manifest.serve.image.range;
  const data = images.map(
    (value) => from + ((to - from) * (Math.min(high, Math.max(low, value)) - low)) / (high - low),
  );
  const { labels, confidences } = await model.classify({ type: 'float32', dims: [images.length / size, size], data });
  const all = new MeanAndError();
  for (const value of confidences) all.add(value);
  const { classes } = model.manifest.serve;
  return { classes, labels, confidences, mean: all.mean, error: all.standardError, seen: new Set(labels).size };
}

function sizeProblem(reads: ImageEntry, has: ImageEntry): string | undefined {
  const text = ({ height, width, channels }: ImageEntry) => `${height}x${width}x${channels}`;
  return text(reads) === text(has) ? undefined : `it reads images of ${text(reads)}, and they are ${text(has)}`;
}

/** The judge, where there is a classifier. */
export function JudgeChoice({ of: { name, choices, choose } }: { of: Judged }) {
  if (choices.length === 0) return null;
  return (
    <Choice
      label="Judge"
      value={name}
      choices={[['', 'none'], ...choices.map((one) => [one, one] as const)]}
      onChange={choose}
    />
  );
}

/** Class and confidence of one image. */
export function Verdict({ of: { classes, labels, confidences }, index }: { of: Verdicts; index: number }) {
  return (
    <>
      {classes[labels[index]!]} <span class="quiet">{(100 * confidences[index]!).toFixed(0)}</span>
    </>
  );
}
