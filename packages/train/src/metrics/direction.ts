/** Whether a metric's higher or lower values are the better ones. */
export type Direction = 'higher' | 'lower';

/** Of the metrics that recipes validate and train by. Those that say nothing of quality, such as a KL divergence, are not here. */
const DIRECTIONS: Readonly<Record<string, Direction>> = {
  accuracy: 'higher',
  auc: 'higher',
  bleu: 'higher',
  elbo: 'higher',
  firstBatchElbo: 'higher',
  knn: 'higher',
  logLikelihood: 'higher',
  reconstruction: 'higher',
  crossEntropy: 'lower',
  equalErrorRate: 'lower',
  loss: 'lower',
  perplexity: 'lower',
};

/** Which values of a metric are better, by the last part of its name (`loss` of `elbo/loss`); undefined where it is not known. */
export function directionOf(metric: string): Direction | undefined {
  const last = metric.split('/').at(-1)!;
  return Object.hasOwn(DIRECTIONS, last) ? DIRECTIONS[last] : undefined;
}
