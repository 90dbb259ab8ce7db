import type { Model } from '@onnx-forge/infer';
import { useState } from 'preact/hooks';
import { ErrorLine } from '../../parts/error-line.js';
import { Milliseconds, Panel } from '../../parts/fields.js';
import { useLive } from '../../parts/live.js';
import { Bars } from '../bars.js';
import { Pad } from '../pad.js';
import { Picture } from '../picture.js';
import { Offered } from './offered.js';
import type { ViewProps } from './view.js';

type ClassifierModel = Extract<Model, { kind: 'classifier' }>;

/** View of a classifier: class probabilities of a drawn digit. */
export function ClassifyView({ model, examples }: ViewProps<ClassifierModel>) {
  const [pixels, setPixels] = useState<Float32Array>();
  const { image, classes } = model.manifest.serve;
  const { value, error, milliseconds } = useLive(pixels && (() => model.classify(pixels)), [model, pixels]);
  return (
    <Panel title="Read an image">
      <ErrorLine error={error} />
      <div class="split">
        <div>
          {image.channels === 1 && <Pad image={image} binary={false} action="Read it" onDrawn={setPixels} />}
          <Offered examples={examples} count={20} image={image} onPick={setPixels} />
        </div>
        <div class="grow">
          {pixels && <Picture pixels={pixels} image={image} label="what the model reads" size="large" />}
          <Bars names={classes} values={value?.probabilities.data} />
          <Milliseconds of={milliseconds} what="classify" />
        </div>
      </div>
    </Panel>
  );
}
