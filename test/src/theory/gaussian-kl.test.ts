import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { gaussianOf } from '@onnx-forge/train';
import { klGaussianGaussianAnalytic, klGaussianGaussianMc } from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { agree, between } from './agree.js';
import { kl, randomDistribution, totalVariation } from './distributions.js';
import { logNormal, type Normal } from './normal.js';
import { gaussianExpectation } from './quadrature.js';
import { summarize } from './statistics.js';
import { drawing, read, useTensors } from './tensors.js';

const STANDARD: Normal = { mean: 0, variance: 1 };

/** KL(q || p) as the integral of q log(q / p). */
function klByQuadrature(q: Normal, p: Normal): number {
  return gaussianExpectation((z) => logNormal(z, q) - logNormal(z, p), q.mean, q.variance);
}

/** `klGaussianGaussianAnalytic` of a product of univariate Gaussians; without p, against N(0, I). */
function klByObjective(q: readonly Normal[], p?: readonly Normal[]): number {
  return read(klGaussianGaussianAnalytic(tensors(q), p && tensors(p)))[0]!;
}

function tensors(normals: readonly Normal[]) {
  const row = (f: (normal: Normal) => number) => tf.tensor2d([normals.map(f)]);
  return gaussianOf(
    row(({ mean }) => mean),
    row(({ variance }) => Math.log(variance)),
  );
}

/** Eq. 2 of EECS 498 HW3: -1/2 sum_j (1 + log var_j - mu_j^2 - var_j). */
function formula(q: readonly Normal[]): number {
  return -0.5 * q.reduce((total, { mean, variance }) => total + 1 + Math.log(variance) - mean ** 2 - variance, 0);
}

describe('theory: KL divergence between Gaussians', () => {
  useTensors();

  const q: readonly Normal[] = [
    { mean: 0.7, variance: 0.4 },
    { mean: -1.3, variance: 2.5 },
    { mean: 0, variance: 0.09 },
  ];

  it('EECS 498 3.2: the closed form against N(0, I) is the integral of q log(q/p)', () => {
    const integral = q.reduce((total, one) => total + klByQuadrature(one, STANDARD), 0);
    agree('float64 formula', formula(q), integral, 1e-12);
    agree('klGaussianGaussianAnalytic', klByObjective(q), integral, 1e-6);
  });

  it('EECS 498 3.2: the sum over dimensions is a two-dimensional integral', () => {
    const [a, b] = q as [Normal, Normal];
    const inner = (z1: number) =>
      gaussianExpectation(
        (z2) => logNormal(z1, a) + logNormal(z2, b) - logNormal(z1, STANDARD) - logNormal(z2, STANDARD),
        b.mean,
        b.variance,
      );
    agree('2-D integral', gaussianExpectation(inner, a.mean, a.variance), formula([a, b]), 1e-12);
  });

  it('MVA Eq. 10 and 11: any two Gaussians, by quadrature', () => {
    for (const [a, p] of [
      [q[0]!, q[1]!],
      [q[1]!, q[2]!],
      [q[2]!, q[0]!],
    ] as const) {
      const spread = a.variance + (a.mean - p.mean) ** 2;
      const crossEntropy = 0.5 * Math.log(2 * Math.PI * p.variance) + spread / (2 * p.variance);
      const entropy = 0.5 * (1 + Math.log(2 * Math.PI * a.variance));
      const integral = klByQuadrature(a, p);
      agree('Eq. 10', crossEntropy - entropy, integral, 1e-9);
      agree('Eq. 11', Math.log(p.variance / a.variance) / 2 + spread / (2 * p.variance) - 0.5, integral, 1e-9);
      agree('klGaussianGaussianAnalytic', klByObjective([a], [p]), integral, 1e-5 * Math.max(1, integral));
    }
  });

  it('EECS 498 3.2: Monte Carlo is within 3 standard errors of the closed form', () => {
    const samples = 20_000;
    const rows = tf.tile(tensors(q).mu, [samples, 1]);
    const many = gaussianOf(rows, tf.tile(tensors(q).logVar, [samples, 1]));
    const standard = gaussianOf(tf.zerosLike(rows), tf.zerosLike(rows));
    const { mean, standardError } = summarize(read(klGaussianGaussianMc(many, standard, drawing(1))));
    agree('klGaussianGaussianMc', mean, formula(q), 3 * standardError);
    expect(standardError).to.be.lessThan(0.02);
  });

  it('EECS 498 answer 3.2: its last line gives -3/2 for two equal Gaussians', () => {
    const asPrinted = ({ mean, variance }: Normal) => -0.5 * (1 + Math.log(variance)) - mean ** 2 - variance;
    agree('as printed', asPrinted(STANDARD), -1.5, 1e-12);
    agree('exact', klByQuadrature(STANDARD, STANDARD), 0, 1e-12);
    for (const one of q) {
      expect(asPrinted(one)).to.not.be.closeTo(klByQuadrature(one, STANDARD), 0.1);
    }
  });

  it("EECS 498 answer 3.2: E z'z = mu'mu + tr(Sigma)", () => {
    const [mu1, mu2] = [0.7, -1.3];
    const [l11, l21, l22] = [1.5, -0.8, 0.6]; // Sigma = L L', correlated
    const squared = gaussianExpectation((e1) =>
      gaussianExpectation((e2) => (mu1 + l11 * e1) ** 2 + (mu2 + l21 * e1 + l22 * e2) ** 2),
    );
    const trace = l11 ** 2 + l21 ** 2 + l22 ** 2;
    agree("E z'z", squared, mu1 ** 2 + mu2 ** 2 + trace, 1e-12);
  });

  it('CS446 1d: KL >= 2 TV^2 >= 0; not symmetric', () => {
    const random = new Random(2);
    for (let trial = 0; trial < 50; trial++) {
      const [p, r] = [randomDistribution(random, 6), randomDistribution(random, 6)];
      expect(kl(p, r)).to.be.at.least(2 * totalVariation(p, r) ** 2);
      expect(totalVariation(p, r)).to.be.greaterThan(0.01);
      expect(Math.abs(kl(p, r) - kl(r, p))).to.be.greaterThan(1e-6);
    }
  });

  it('CS446 1g: KL(q, q) = 0', () => {
    agree('klGaussianGaussianAnalytic', klByObjective(q, q), 0, 1e-6);
    agree('quadrature', klByQuadrature(q[0]!, q[0]!), 0, 1e-15);
  });

  it('CS446 1h: equal variances give (mu_q - mu_p)^2 / (2 sigma^2)', () => {
    const [a, p] = [
      { mean: 1.2, variance: 0.49 },
      { mean: -0.6, variance: 0.49 },
    ];
    const exact = (1.2 + 0.6) ** 2 / (2 * 0.49);
    agree('quadrature', klByQuadrature(a, p), exact, 1e-10);
    agree('klGaussianGaussianAnalytic', klByObjective([a], [p]), exact, 1e-5);
  });

  it('MVA Q3: 0, 5e-5 and 5,047 nats', () => {
    // (mu_q, mu_p, var_q, var_p): (0, 0, 1, 1), (0.01, 0, 1, 1), (10, 0, 1, 0.01).
    const narrow = { mean: 0, variance: 0.01 };
    agree('equal', klByQuadrature(STANDARD, STANDARD), 0, 1e-12);
    agree('tiny', klByQuadrature({ mean: 0.01, variance: 1 }, STANDARD), 5e-5, 1e-9);
    agree('huge', klByQuadrature({ mean: 10, variance: 1 }, narrow), 5050 - 0.5 - Math.log(10), 1e-6);
    between('huge, by klGaussianGaussianAnalytic', klByObjective([{ mean: 10, variance: 1 }], [narrow]), 5047, 5047.4);
    agree('the other way round', klByObjective([narrow], [{ mean: 10, variance: 1 }]), 51.8076, 1e-3);
  });
});
