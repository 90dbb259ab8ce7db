import type { Model } from '@onnx-forge/infer';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { Bars } from '../bars.js';
import { ImageInput, usePickedImage } from '../image-input.js';
import { Picture } from '../picture.js';
import { occlusion, Saliency } from '../saliency.js';
import type { ViewProps } from './view.js';

type ClassifierModel = Extract<Model, { kind: 'classifier' }>;

/** Bars of a classifier with more classes than that show the likeliest ones. */
const TOP = 10;

/** View of a classifier: class probabilities of an image, and the places that they rest on. */
export function ClassifyView({ model, examples }: ViewProps<ClassifierModel>) {
  const { image, classes } = model.manifest.serve;
  const picked = usePickedImage(examples, image);
  const { pixels, index } = picked;
  const { value, error, milliseconds } = useLive(pixels && (() => model.classify(pixels)), [model, pixels]);
  const best = value?.labels[0];
  const hidden = useLive(pixels && best !== undefined ? () => occlusion(model, pixels, best) : undefined, [
    model,
    value,
  ]);
  const truth = index === undefined ? undefined : classes[examples.labels?.[index] ?? -1];
  return (
    <Panel title="Read an image">
      <ErrorLine error={error ?? hidden.error} />
      <div class="split">
        <ImageInput examples={examples} image={image} picked={picked} action="Read it" />
        <div class="grow">
          <div class="row top">
            <figure>
              <Picture pixels={pixels} image={image} label="what the model reads" size="large" />
              <figcaption>what the model reads</figcaption>
            </figure>
            {hidden.value && <Saliency of={hidden.value} image={image} name={classes[best!] ?? ''} />}
          </div>
          <Bars
            names={classes}
            values={value?.probabilities.data}
            top={classes.length > TOP ? TOP : undefined}
            truth={truth}
          />
          <Milliseconds of={milliseconds} what="classify" />
          <Milliseconds of={hidden.milliseconds} what={`${hidden.value?.patches ?? 0} images with a patch hidden`} />
        </div>
      </div>
    </Panel>
  );
}
