/**
 * `tollkeeper import claude-code [DIR]`. Loads next to nothing itself: where no engine runs, the thread that reads the transcripts comes up and finds them
 * while the rest of the program is loaded and the ledger is opened.
 */
import { resolve } from 'node:path';

import { startReading } from '../intake/read-in-thread.ts';
import type { TranscriptPlaces } from '../intake/transcript-files.ts';
import { transcriptPlacesOf } from '../settings/environment.ts';
import { readEngineFile } from '../system/engine-file.ts';
import { homeFolder } from '../system/home-folder.ts';
import type { ExitCode, Host } from './host.ts';
import type { ImportFlags } from './import.ts';

export async function importClaudeCode(folder: string | undefined, flags: ImportFlags, host: Host): Promise<ExitCode> {
  const places: TranscriptPlaces = {
    ...transcriptPlacesOf(host.env),
    folder: folder === undefined ? null : resolve(folder),
  };
  const home = homeFolder({ flag: flags.home, env: host.env, platform: host.platform, isDemo: false });
  const reading = readEngineFile(home) === null ? startReading(places) : null;
  try {
    const { importTranscripts } = await import('./import.ts');
    return await importTranscripts(places, reading, flags, host);
  } finally {
    await reading?.end();
  }
}
