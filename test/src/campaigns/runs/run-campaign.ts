import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Campaign, CampaignOptions, CampaignResult } from '../campaign.js';
import { type Reference, referencesIn } from './references.js';

/** A campaign whose trials disturb pieces of work on run folders and compare them with undisturbed ones. */
export function runCampaign<Trial extends { readonly scenario: string }>({
  name,
  title,
  parseAgain,
  repeat,
  tryMany,
}: Pick<Campaign, 'name' | 'title'> & {
  /** The trial that `--again` names. */
  parseAgain(text: string): Trial;
  repeat(reference: Reference, trial: Trial, folder: string): Promise<CampaignResult>;
  tryMany(references: readonly Reference[], options: CampaignOptions, folder: string): Promise<CampaignResult>;
}): Campaign {
  return {
    name,
    title,
    async run(options) {
      const folder = await mkdtemp(join(tmpdir(), `onnx-forge-${name}-`));
      try {
        const again = options.again === undefined ? undefined : parseAgain(options.again);
        const references = await referencesIn(folder, again ? [again.scenario] : options.only);
        return again ? await repeat(references[0]!, again, folder) : await tryMany(references, options, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
