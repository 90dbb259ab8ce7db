import { curves } from '../../../figures/curves.js';
import type { Figure } from '../../../figures/figure.js';

/** The losses of the steps `discriminator` and `generator`. */
export const adversarialLosses: Figure = curves({
  title: 'Adversarial losses',
  y: 'loss (nats)',
  lines: [
    { name: 'discriminator', kind: 'train', metric: 'discriminator/loss' },
    { name: 'generator', kind: 'train', metric: 'generator/loss' },
  ],
});

/** The mean probability of being real that the discriminator gives: its step's metrics `real` and `fake`. */
export const beliefs: Figure = curves({
  title: 'What the discriminator believes',
  y: 'mean probability of being real',
  domain: [0, 1],
  references: [{ label: 'can not tell', y: 0.5 }],
  lines: [
    { name: 'real images', kind: 'train', metric: 'discriminator/real' },
    { name: 'generated images', kind: 'train', metric: 'discriminator/fake' },
  ],
});
