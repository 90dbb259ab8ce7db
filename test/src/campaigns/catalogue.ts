import type { Campaign } from './campaign.js';
import { cluster } from './cluster/cluster.js';
import { crash } from './crash/crash.js';
import { faults } from './faults/faults.js';
import { fuzz } from './fuzz/fuzz.js';
import { load } from './load/load.js';
import { soak } from './soak/soak.js';

export const CAMPAIGNS: readonly Campaign[] = [crash, faults, fuzz, load, soak, cluster];
