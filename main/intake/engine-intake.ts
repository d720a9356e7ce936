/** The intake of a running engine: imports on request, batches from the proxy, and the watcher where it is switched on. */
import type { Settings } from '../../shared/contract/settings.ts';
import { errorText } from '../system/error-text.ts';
import type { Log } from '../system/log.ts';
import { meterBatches, type BatchCallbacks, type BatchHolds } from './meter-batches.ts';
import { callsPerChunkBesideProxy, createIntake, type Intake, type IntakeOptions } from './start.ts';
import type { TranscriptPlaces } from './transcript-files.ts';
import { watchTranscripts } from './watch-transcripts.ts';

export type EngineIntake = Pick<Intake, 'transcripts' | 'ledger'> & {
  /** For the proxy. */
  readonly batches: BatchCallbacks;
  /** Stops watching, and waits for the batch results that are being written. */
  readonly stopWatching: () => Promise<void>;
  readonly settled: () => Promise<void>;
};

export type EngineIntakeOptions = Omit<IntakeOptions, 'callsPerChunk'> & {
  readonly settings: Settings;
  readonly transcriptPlaces: TranscriptPlaces;
  readonly log: Log;
  readonly batchHolds: BatchHolds;
};

export function startEngineIntake(options: EngineIntakeOptions): EngineIntake {
  const { settings, transcriptPlaces: places, clock, log } = options;
  const intake = createIntake({ ...options, callsPerChunk: callsPerChunkBesideProxy });
  const trouble = (what: string) => (error: unknown) => log.error(what, { reason: errorText(error) });
  const stopWatching = watchTranscripts({
    isOn: settings.watchTranscripts,
    places,
    clock,
    read: intake.transcripts,
    onTrouble: trouble('the transcripts could not be read; the next look tries again'),
  });
  const onTrouble = trouble('batch results could not be written; fetch them again');
  const batches = meterBatches({ intake, holds: options.batchHolds, onTrouble });
  return { transcripts: intake.transcripts, ledger: intake.ledger, batches, stopWatching, settled: intake.settled };
}
