/** A page to be pictured. */
export interface PicturedPage {
  /** Of its file. */
  readonly name: string;
  /** Of the explorer after `#/`, of the site its file. */
  readonly address: string;
  /** Selector of something that shows that the page is there. */
  readonly there: string;
}

const MEASURED = '.panel .quiet:has-text(" ms")';

/** Of the explorer. */
export const PAGES: readonly PicturedPage[] = [
  { name: 'home', address: '?q=vae&select=vae,vae-5,vae-2d', there: '.chart canvas' },
  { name: 'curves', address: 'run/vae/curves', there: '.chart canvas' },
  { name: 'numbers', address: 'run/vae/numbers', there: '.numbers tbody tr' },
  { name: 'figures', address: 'run/vae-2d/figures', there: '.gallery img' },
  { name: 'graphs', address: 'run/vae-2d/graphs', there: '.panel details' },
  { name: 'manifest', address: 'run/vae-2d/manifest', there: 'pre' },
  { name: 'map', address: 'run/vae-2d/map', there: MEASURED },
  { name: 'dimensions', address: 'run/vae-5/dimensions', there: MEASURED },
  { name: 'interpolation', address: 'run/vae-2d/interpolation?a=2&b=7', there: MEASURED },
  { name: 'walk', address: 'run/vae-2d/walk?frame=14', there: MEASURED },
  { name: 'samples', address: 'run/vae-2d/samples?judge=classifier', there: '.result' },
  { name: 'likelihood', address: 'run/vae-2d/likelihood', there: '.result' },
  { name: 'train', address: 'run/vae-2d/train', there: '.grid' },
  { name: 'classes', address: 'run/cvae/classes', there: MEASURED },
  { name: 'read', address: 'run/classifier/read?x=3', there: 'figcaption:has-text("hidden")' },
  { name: 'neighbours', address: 'run/siamese/neighbours', there: '.caption' },
  { name: 'compare', address: 'run/siamese/compare', there: '.result' },
  { name: 'verification', address: 'run/siamese/verification', there: '.chart canvas' },
  { name: 'sentence', address: 'run/text-cnn/sentence', there: '.word' },
  { name: 'translate', address: 'run/seq2seq/translate', there: '.attention' },
  { name: 'write', address: 'run/transformer/write', there: '.chips' },
  { name: 'probabilities', address: 'run/transformer/probabilities', there: '.bars' },
];

/** Of the documentation's site. */
export const SITE_PAGES: readonly PicturedPage[] = [
  { name: 'start', address: 'index.html', there: '.VPHero' },
  { name: 'recipe', address: 'recipes/vae.html', there: 'h1' },
];
