import type { Command } from '../command.js';
import { barsCommand } from './bars.js';
import { chartCommand } from './chart.js';
import { classifyCommand } from './classify.js';
import { compareCommand } from './compare.js';
import { dataCommand } from './data.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { embedCommand } from './embed.js';
import { evalCommand } from './eval.js';
import { exploreCommand } from './explore.js';
import { exportCommand } from './export.js';
import { figuresCommand } from './figures.js';
import { generateCommand } from './generate.js';
import { interpolateCommand } from './interpolate.js';
import { modelsCommand } from './models.js';
import { perturbCommand } from './perturb.js';
import { sampleCommand } from './sample.js';
import { tabulateCommand } from './table.js';
import { trainCommand } from './train.js';
import { translateCommand } from './translate.js';
import { verifyCommand } from './verify.js';

/** Every command, in the order of the help. A command's own imports happen when it runs. */
export const commands: readonly Command[] = [
  demoCommand,
  modelsCommand,
  trainCommand,
  evalCommand,
  figuresCommand,
  chartCommand,
  barsCommand,
  tabulateCommand,
  sampleCommand,
  interpolateCommand,
  generateCommand,
  translateCommand,
  perturbCommand,
  exploreCommand,
  classifyCommand,
  compareCommand,
  embedCommand,
  exportCommand,
  verifyCommand,
  dataCommand,
  doctorCommand,
];
