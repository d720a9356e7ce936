/** Amounts as people type them, read as what they mean or not at all. */
import { describe, expect, it } from 'vitest';

import { readTokens, readUsd } from '../../../shared/read-amount.ts';

describe('an amount as it is typed', () => {
  it.each([
    ['150000', 150_000],
    [' 150,000 ', 150_000],
    ['150 000', 150_000],
    ['150_000', 150_000],
    ['1,000,000', 1_000_000],
    ['150k', 150_000],
    ['150K', 150_000],
    ['0', 0],
    ['15,00', null],
    ['1.5', null],
    ['-5', null],
    ['', null],
    ['many', null],
    ['1e5', null],
    ['12345678901', null],
  ])('"%s" is %s tokens', (text, expected) => {
    expect(readTokens(text)).toBe(expected);
  });

  it.each([
    ['12.5', 12.5],
    ['12.50', 12.5],
    ['$ 1,250.07', 1_250.07],
    ['$5', 5],
    ['0.01', 0.01],
    ['12,50', null],
    ['1.234', null],
    ['1.', null],
    ['.5', null],
    ['€5', null],
    ['', null],
  ])('"%s" is %s dollars', (text, expected) => {
    expect(readUsd(text)).toBe(expected);
  });
});
