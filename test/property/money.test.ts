/** Money is exact: lines add up, prices scale, order does not matter, one rounding a call (invariant 6). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { billableNanoUsd } from '../../shared/billable.ts';
import { divideHalfEven, formatUsd, nanoFromPico, parseUsd } from '../../shared/money.ts';
import { currentBook } from '../../shared/pricing/current-book.ts';
import { priceUsage } from '../../shared/pricing/price.ts';
import { readUsage, type TokenCounts, type Usage } from '../../shared/usage.ts';

const tokens = fc.integer({ min: 0, max: 2_000_000 });
const counts: fc.Arbitrary<TokenCounts> = fc.record({
  inputTokens: tokens,
  cacheWrite5mTokens: tokens,
  cacheWrite1hTokens: tokens,
  cacheReadTokens: tokens,
  outputTokens: tokens,
});
/** Models whose every price is published, and whose price does not depend on the prompt's length. */
const flatModels = [
  'claude-fable-5-2',
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-sonnet-4-6',
  'claude-haiku-4-5-20251001',
  'claude-3-haiku-20240307',
];
const model = fc.constantFrom(...flatModels);
const tier = fc.constantFrom('standard', 'batch', null);
const geo = fc.constantFrom('us', 'global', null);
const atMs = Date.parse('2026-11-24T12:00:00Z');

const noUsage = readUsage({});

function usageOf(part: TokenCounts, serviceTier: string | null = null, inferenceGeo: string | null = null): Usage {
  return { ...noUsage, ...part, serviceTier, inferenceGeo };
}

function price(usage: Usage, modelId: string) {
  const priced = priceUsage({ model: modelId, usage, stopReason: 'end_turn', atMs }, currentBook);
  if (priced.kind !== 'priced') throw new Error(priced.reason);
  return priced;
}

function picoOf(usage: Usage, modelId: string): bigint {
  const lines = price(usage, modelId).lines.filter((line) => line.tokenClass !== 'rounding');
  return lines.reduce((sum, line) => sum + BigInt(line.amountPicoUsd), 0n);
}

const sum = (a: TokenCounts, b: TokenCounts): TokenCounts => ({
  inputTokens: a.inputTokens + b.inputTokens,
  cacheWrite5mTokens: a.cacheWrite5mTokens + b.cacheWrite5mTokens,
  cacheWrite1hTokens: a.cacheWrite1hTokens + b.cacheWrite1hTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  outputTokens: a.outputTokens + b.outputTokens,
});

describe('money', () => {
  it('adds up: the charge lines of a call are its cost, to the pico-dollar', () => {
    fc.assert(
      fc.property(counts, model, tier, geo, (part, modelId, serviceTier, inferenceGeo) => {
        const { lines, costNanoUsd } = price(usageOf(part, serviceTier, inferenceGeo), modelId);
        expect(lines.reduce((total, line) => total + BigInt(line.amountPicoUsd), 0n)).toBe(BigInt(costNanoUsd) * 1000n);
        for (const line of lines) expect(line.quantity * line.unitPricePicoUsd).toBe(line.amountPicoUsd);
      }),
    );
  });

  it('is additive before the one rounding: two usages cost what their sum costs', () => {
    fc.assert(
      fc.property(counts, counts, model, tier, geo, (a, b, modelId, serviceTier, inferenceGeo) => {
        const cost = (part: TokenCounts) => picoOf(usageOf(part, serviceTier, inferenceGeo), modelId);
        expect(cost(a) + cost(b)).toBe(cost(sum(a, b)));
      }),
    );
  });

  it('scales: a usage taken n times costs n times as much before the one rounding', () => {
    fc.assert(
      fc.property(counts, model, fc.integer({ min: 1, max: 50 }), (part, modelId, times) => {
        const repeated = Object.fromEntries(
          Object.entries(part).map(([key, value]) => [key, value * times]),
        ) as TokenCounts;
        expect(picoOf(usageOf(repeated), modelId)).toBe(picoOf(usageOf(part), modelId) * BigInt(times));
      }),
    );
  });

  it('does not depend on the order of passes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(counts, model), { minLength: 1, maxLength: 5 }), fc.nat(), (parts, turn) => {
        const passes = parts.map(([part, modelId]) => ({ ...part, kind: 'message', model: modelId }));
        const turned = [...passes.slice(turn % passes.length), ...passes.slice(0, turn % passes.length)];
        const cost = (list: typeof passes) => price({ ...noUsage, passes: list }, 'claude-opus-5-5').costNanoUsd;
        expect(cost(turned)).toBe(cost(passes));
      }),
    );
  });

  it('rounds half to even, for negative amounts too', () => {
    expect([500n, 1500n, 2500n, -500n, -1500n, 501n, 499n].map(nanoFromPico)).toEqual([0n, 2n, 2n, 0n, -2n, 1n, 0n]);
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
        (value, divisor) => {
          const rounded = divideHalfEven(value, divisor);
          const twiceAway = (rounded * divisor - value) * 2n;
          expect(twiceAway <= divisor && twiceAway >= -divisor).toBe(true);
          if (twiceAway === divisor || twiceAway === -divisor) expect(rounded % 2n).toBe(0n);
        },
      ),
    );
  });

  it('is written and read again without loss', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_000_000_000_000_000 }), (nano) => {
        expect(parseUsd(formatUsd(nano, 9).replaceAll(/[$,]/g, ''))).toBe(nano);
      }),
    );
    expect(formatUsd(-1_284_995_000_000)).toBe('−$1,285.00');
    expect(formatUsd(18_420_713_000, 6)).toBe('$18.420713');
    expect(formatUsd(5_000_000, 2)).toBe('$0.00');
    expect(formatUsd(15_000_000, 2)).toBe('$0.02');
  });

  it('is billed with the markup, rounded once', () => {
    expect(billableNanoUsd(1_000, 2_000)).toBe(1_200);
    expect(billableNanoUsd(5, 1_000)).toBe(6);
    expect(billableNanoUsd(15, 1_000)).toBe(16);
    fc.assert(fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (nano) => billableNanoUsd(nano, 0) === nano));
  });
});
