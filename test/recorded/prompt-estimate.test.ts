/**
 * The error of the prompt estimate, measured on every recorded exchange whose request is the original one and whose answer reports usage.
 * Calibrated means learnt from the exchanges of all OTHER projects (their requests are near copies of one another within a project, so leaving one
 * out would be no test); "as it runs" means learnt from those that came before it, as the product does. Where a request continues an earlier one of
 * its project, the last turn is its base. Prints the table of docs/limits.md.
 */
import { describe, expect, it } from 'vitest';

import { hashText } from '../../main/system/hash-text.ts';
import { createProgress, observeJson, observeStream, usageOf } from '../../main/proxy/observe.ts';
import { createConversationIndex, type Placement } from '../../shared/conversation-index.ts';
import { createPromptCalibration } from '../../shared/prompt-calibration.ts';
import { promptChain } from '../../shared/prompt-chain.ts';
import { contextTokensOf, estimatePrompt, showsItsContext, type LastTurn } from '../../shared/prompt-estimate.ts';
import { measurePrompt, type PromptMeasure } from '../../shared/prompt-measure.ts';
import { isWireObject, type WireObject } from '../../shared/usage.ts';
import { absentReason, isRecordedHere, readExchanges, recordedFiles, type Exchange } from './recorded-traffic.ts';

type Asked = {
  readonly project: string;
  readonly bytes: number;
  readonly request: WireObject;
  readonly measure: PromptMeasure;
  readonly reported: number;
  readonly outputTokens: number;
};

/** What the recorder wrote down in another form is not what was sent. */
function isOriginal({ notes }: Exchange): boolean {
  return !/request-reserialized|request-elided|request-not-utf8|response-only/.test(String(notes ?? ''));
}

function parse(text: string): WireObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isWireObject(value) ? value : null;
  } catch {
    return null;
  }
}

function askedIn(project: string): Asked[] {
  const exchanges = readExchanges(project).filter(
    (exchange) => exchange.kind === 'messages' && exchange.response.status === 200 && isOriginal(exchange),
  );
  return exchanges.flatMap(({ stream, request: { body }, response }) => {
    const request = parse(body);
    const progress = createProgress();
    const observer = stream ? observeStream(progress) : observeJson(progress);
    observer.write(Buffer.from(response.body_text));
    observer.end();
    const usage = usageOf(progress);
    const reported = contextTokensOf(usage);
    if (request === null || reported === 0) return [];
    const measure = measurePrompt(request);
    return [{ project, bytes: body.length, request, measure, reported, outputTokens: usage.outputTokens }];
  });
}

function learnFrom(list: readonly Asked[]) {
  const calibration = createPromptCalibration();
  for (const { measure, reported } of list) calibration.learn(measure, reported);
  return calibration;
}

const errorOf = (tokens: number, { reported }: Asked) => Math.abs(tokens - reported) / reported;
function summary(errors: readonly number[]) {
  const sorted = errors.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: errors.length, median: at(0.5), p95: at(0.95) };
}

/** In the order of the recording: each estimated from what came before it. */
function asItRuns(list: readonly Asked[]) {
  const calibration = createPromptCalibration();
  const index = createConversationIndex(hashText);
  const lastTurns = new Map<string, LastTurn>();
  return list.map((asked) => {
    const caller = {
      scope: asked.project,
      session: null,
      agent: null,
      parentAgent: null,
      parentSession: null,
      isRetry: false,
    };
    const chain = promptChain(asked.request, hashText);
    const placement: Placement | null = chain && index.place(chain, caller);
    const last = placement?.kind === 'continues' ? (lastTurns.get(placement.conversation) ?? null) : null;
    const estimate = estimatePrompt(asked.measure, last, calibration.correction);
    if (placement) {
      index.end(caller, placement, true);
      lastTurns.set(placement.conversation, {
        promptTokens: asked.reported,
        outputTokens: asked.outputTokens,
        tokensByRule: estimate.tokensByRule,
        model: asked.measure.model,
      });
    }
    calibration.learn(asked.measure, asked.reported);
    return { asked, tokens: estimate.tokens, isContinued: estimate.restsOn === 'last_turn' };
  });
}

describe('the prompt estimate', () => {
  it('of every recorded request stays within the error that its page tells', { timeout: 60_000 }, ({ skip }) => {
    if (!isRecordedHere) skip(absentReason);
    const projects = recordedFiles().map(askedIn);
    const all = projects.flat();
    const others = new Map(projects.map((list) => [list, learnFrom(all.filter((asked) => !list.includes(asked)))]));
    const shown = all.filter(({ measure }) => showsItsContext(measure));
    const unshown = all.filter(({ measure }) => !showsItsContext(measure));
    const plainRule = (asked: Asked) => estimatePrompt(asked.measure, null, () => 1).tokens;
    const calibrated = (asked: Asked) => {
      const [, calibration] = [...others].find(([list]) => list.includes(asked)) ?? [];
      return estimatePrompt(asked.measure, null, calibration?.correction ?? (() => 1)).tokens;
    };
    const run = projects.flatMap(asItRuns).filter(({ asked }) => showsItsContext(asked.measure));
    const errors = (list: readonly Asked[], estimate: (asked: Asked) => number) =>
      summary(list.map((asked) => errorOf(estimate(asked), asked)));
    const ofRun = (list: typeof run) => summary(list.map(({ asked, tokens }) => errorOf(tokens, asked)));

    const large = shown.filter(({ reported }) => reported >= 500);
    const continued = run.filter(({ isContinued }) => isContinued);
    const rows = [
      ['bytes ÷ 3.4', errors(shown, ({ bytes }) => bytes / 3.4)],
      ['by rule, before calibration', errors(shown, plainRule)],
      ['calibrated by the other projects', errors(shown, calibrated)],
      ['as it runs: calibrated and with the last turn', ofRun(run)],
      ['of 500 tokens and more: by rule', errors(large, plainRule)],
      ['of 500 tokens and more: calibrated', errors(large, calibrated)],
      [
        'that continue another: by rule',
        errors(
          continued.map(({ asked }) => asked),
          plainRule,
        ),
      ],
      ['that continue another: from the last turn', ofRun(continued)],
      ['whose body does not show its context: by rule', errors(unshown, plainRule)],
    ] as const;
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`.padStart(9);
    const lines = rows.map(
      ([what, { count, median, p95 }]) =>
        `${what.padEnd(48)} ${String(count).padStart(4)} ${percent(median)} ${percent(p95)}`,
    );
    console.log([`${'requests'.padEnd(48)}    n    median      95th`, ...lines].join('\n'));

    const before = errors(shown, plainRule);
    const after = errors(shown, calibrated);
    expect(shown.length).toBeGreaterThan(390);
    expect(continued.length).toBeGreaterThan(50);
    expect(before.median).toBeLessThan(0.06);
    expect(before.p95).toBeLessThan(0.25);
    expect(after.median).toBeLessThan(0.06);
    expect(after.p95).toBeLessThan(0.25);
    expect(ofRun(continued).median).toBeLessThan(
      errors(
        continued.map(({ asked }) => asked),
        plainRule,
      ).median,
    );
    expect(before.median).toBeLessThan(errors(shown, ({ bytes }) => bytes / 3.4).median / 5);
  });
});
