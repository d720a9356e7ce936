/** The estimate of a cut answer's output: by rule, and corrected by what the model's own streams came to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createOutputCalibration, estimateByRule, type GeneratedOutput } from '../../../shared/output-estimate.ts';

const text = (textCharacters: number): GeneratedOutput => ({ textCharacters, toolInputCharacters: 0, toolBlocks: 0 });
const older = 'claude-sonnet-4-5-20250929';
const newer = 'claude-sonnet-5-5';

describe('the output estimate', () => {
  it('is nothing where nothing was written', () => {
    expect(createOutputCalibration().estimate(newer, text(0))).toBe(0);
  });

  it.each([
    'claude-3-5-haiku-20241022',
    'claude-opus-4-20250514',
    'claude-opus-4-6',
    'claude-sonnet-4-5',
    'claude-haiku-4-5-20251001',
    'claude-2.1',
  ])('takes %s for the older tokenizer', (model) => expect(estimateByRule(model, text(4_200))).toBe(1_006));

  it.each([
    'claude-opus-4-7',
    'claude-opus-4-8',
    'claude-haiku-5-5',
    'claude-fable-5-2',
    'claude-mythos-preview',
    'claude-sonnet-9',
    null,
  ])('takes %s for the newer one, which makes more tokens of the same text', (model) =>
    expect(estimateByRule(model, text(4_200))).toBeGreaterThan(1_300),
  );

  it('learns from whole streams of a model, and of that model alone', () => {
    const calibration = createOutputCalibration();
    for (let stream = 0; stream < 50; stream++) calibration.learn(older, text(4_200), 1_200);
    expect(calibration.estimate(older, text(4_200))).toBeGreaterThan(1_180);
    expect(calibration.estimate('claude-opus-4-5', text(4_200))).toBe(1_006);
  });

  it('learns nothing from a word, or from an answer whose thinking was not shown', () => {
    const calibration = createOutputCalibration();
    calibration.learn(older, text(20), 9);
    calibration.learn(older, text(400), 9_000);
    expect(calibration.snapshot()).toEqual({});
  });

  it('goes on where it stopped, and remembers a bounded number of models', () => {
    const calibration = createOutputCalibration();
    for (let index = 0; index < 250; index++) calibration.learn(`claude-new-${index}`, text(4_000), 1_300);
    const state = calibration.snapshot();
    expect(Object.keys(state)).toHaveLength(100);
    expect(createOutputCalibration(state).estimate('claude-new-249', text(4_000))).toBe(
      calibration.estimate('claude-new-249', text(4_000)),
    );
  });

  it('never falls as more is written, whatever was learnt', () => {
    const streams = fc.array(fc.record({ characters: fc.nat(50_000), reported: fc.nat(20_000) }), { maxLength: 30 });
    fc.assert(
      fc.property(streams, fc.nat(10_000), fc.nat(10_000), (learnt, some, more) => {
        const calibration = createOutputCalibration();
        for (const { characters, reported } of learnt) calibration.learn(newer, text(characters), reported);
        expect(calibration.estimate(newer, text(some + more))).toBeGreaterThanOrEqual(
          calibration.estimate(newer, text(some)),
        );
      }),
    );
  });
});
