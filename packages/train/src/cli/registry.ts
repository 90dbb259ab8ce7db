import type { Command } from './command.js';
import { dataCommand } from './data.js';
import { doctorCommand } from './doctor.js';
import { modelsCommand } from './models.js';

/** Every command, in the order of the help. A command's own imports happen when it runs. */
export const commands: readonly Command[] = [modelsCommand, dataCommand, doctorCommand];
