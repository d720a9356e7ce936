/**
 * The error of the output estimate, measured: every complete recorded stream is cut at every tenth of its bytes, estimated, and compared with the tokens
 * that Anthropic reported, taken in the share of the characters sent by then. Calibrated means learnt from all OTHER streams (leave one out).
 * Prints the table of docs/output-estimate.md.
 */
import { describe, expect, it } from 'vitest';

import { createProgress, observeStream, type Progress } from '../../main/proxy/observe.ts';
import { createOutputCalibration, estimateByRule, type GeneratedOutput } from '../../shared/output-estimate.ts';
import { typicalErrorPercent } from '../../shared/estimate-error.ts';
import { readCount } from '../../shared/usage.ts';
import { absentReason, isRecordedHere, readExchanges, recordedFiles } from './recorded-traffic.ts';

type Stream = {
  readonly model: string;
  readonly reported: number;
  readonly whole: GeneratedOutput;
  readonly cuts: readonly GeneratedOutput[];
};

const tenths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const characters = ({ textCharacters, toolInputCharacters }: GeneratedOutput) => textCharacters + toolInputCharacters;

function observe(bytes: Buffer): Progress {
  const progress = createProgress();
  const observer = observeStream(progress);
  observer.write(bytes);
  observer.end();
  return progress;
}

/** Streams of at least 20 tokens that show what they wrote: below that an answer is a word, and its error is a token or two. */
function recordedStreams(): Stream[] {
  const bodies = recordedFiles()
    .flatMap(readExchanges)
    .filter(({ kind, stream, response }) => kind === 'messages' && stream && response.status === 200)
    .map(({ response }) => Buffer.from(response.body_text));
  return bodies.flatMap((bytes) => {
    const { isWhole, model, usage, generated } = observe(bytes);
    const reported = readCount(usage?.['output_tokens']);
    if (
      !isWhole ||
      model === null ||
      reported < 20 ||
      characters(generated) === 0 ||
      Array.isArray(usage?.['iterations'])
    )
      return [];
    const cuts = tenths.map((tenth) => observe(bytes.subarray(0, Math.floor((bytes.length * tenth) / 10))).generated);
    return [{ model, reported, whole: generated, cuts }];
  });
}

function calibratedWithout(streams: readonly Stream[], left: Stream) {
  const calibration = createOutputCalibration();
  for (const stream of streams) if (stream !== left) calibration.learn(stream.model, stream.whole, stream.reported);
  return calibration;
}

/** What had been written by then: the reported tokens, in the share of what the rule makes of the part and of the whole. */
function truthOf({ reported, whole }: Stream, cut: GeneratedOutput): number {
  return (reported * characters(cut)) / characters(whole);
}

const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

function errorsAt(
  streams: readonly Stream[],
  index: number,
  estimate: (stream: Stream, cut: GeneratedOutput) => number,
) {
  const errors = streams
    .flatMap((stream) => {
      const cut = stream.cuts[index];
      const truth = cut ? truthOf(stream, cut) : 0;
      // Ten tokens in, one token is ten percent: the share is told from there on.
      return cut && truth >= 10 ? [Math.abs(estimate(stream, cut) - truth) / truth] : [];
    })
    .toSorted((a, b) => a - b);
  return { count: errors.length, median: percentile(errors, 0.5), p95: percentile(errors, 0.95) };
}

describe('the output estimate', () => {
  it(
    'of every recorded stream, cut at every tenth, stays within the error that its page tells',
    { timeout: 60_000 },
    ({ skip }) => {
      if (!isRecordedHere) skip(absentReason);
      const streams = recordedStreams();
      const calibrations = new Map(streams.map((stream) => [stream, calibratedWithout(streams, stream)]));
      const before = (_stream: Stream, cut: GeneratedOutput) => characters(cut) / 3.4;
      const byRule = ({ model }: Stream, cut: GeneratedOutput) => estimateByRule(model, cut);
      const calibrated = (stream: Stream, cut: GeneratedOutput) =>
        calibrations.get(stream)?.estimate(stream.model, cut) ?? 0;

      const percent = (share: number) => `${(share * 100).toFixed(1)} %`.padStart(8);
      const table = tenths.map((tenth, index) => {
        const row = [before, byRule, calibrated].map((estimate) => errorsAt(streams, index, estimate));
        return `${String(tenth * 10).padStart(4)} %  ${String(row[0]?.count).padStart(4)} ${row.map(({ median, p95 }) => `${percent(median)} ${percent(p95)}`).join('  ')}`;
      });
      console.log(
        [
          '  cut   cuts   3.4 a token         by rule             calibrated',
          '              median      95th    median      95th    median      95th',
          ...table,
        ].join('\n'),
      );

      const whole = errorsAt(streams, 9, calibrated);
      const half = errorsAt(streams, 4, calibrated);
      expect(streams.length).toBeGreaterThan(150);
      expect(whole.median).toBeLessThan(typicalErrorPercent.nearEnd / 100);
      expect(errorsAt(streams, 8, calibrated).median).toBeLessThan(typicalErrorPercent.nearEnd / 100);
      expect(errorsAt(streams, 0, calibrated).median).toBeLessThan(typicalErrorPercent.nearStart / 100);
      expect(whole.p95).toBeLessThan(0.45);
      expect(half.median).toBeLessThan(0.25);
      expect(whole.median).toBeLessThan(errorsAt(streams, 9, before).median);
    },
  );
});
