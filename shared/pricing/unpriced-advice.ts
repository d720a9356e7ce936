/**
 * What a person can do about a call without a price, by its reason. The reasons are the sentences of price.ts, settle.ts and recover.ts, which
 * the ledger keeps as they were said; a sentence of an earlier version gets the general advice. Pure.
 */
export type UnpricedAdvice = {
  /** `prices`: a newer book or a file of one's own gives it a price. `update`: only a newer version can. `source`: another record must tell more. */
  readonly kind: 'prices' | 'update' | 'source' | 'invoice' | 'unknown';
  readonly sentence: string;
};

const advices: readonly (UnpricedAdvice & { readonly pattern: RegExp })[] = [
  {
    kind: 'prices',
    pattern: /is not in price book|^No .+ price is published for/,
    sentence: 'Update Tollkeeper, or put a price file in force that has this price; then price past calls again.',
  },
  {
    kind: 'invoice',
    pattern: /priced by contract/,
    sentence: 'Only your contract and Anthropic’s invoice tell what it costs.',
  },
  {
    kind: 'update',
    pattern: /which this version cannot price|^The (?:service tier|speed) ".*" is not known|beyond \$9,007/,
    sentence: 'Update Tollkeeper, then price past calls again.',
  },
  {
    kind: 'update',
    pattern: /^The inference region ".*" is not known/,
    sentence:
      'Update Tollkeeper, then price past calls again. A location of Amazon Bedrock or Google Cloud has a price of theirs, which no answer tells.',
  },
  {
    kind: 'update',
    pattern: /^The batch result ".*" is not known/,
    sentence: 'Update Tollkeeper, then fetch the results of its batch again.',
  },
  {
    kind: 'source',
    pattern:
      /^The response names no model|report(?:s|ed) (?:no|its|the) usage|gave no answer|tokens are not known|larger than 64 MB|beyond 64 MB/,
    sentence:
      'If a transcript of Claude Code or a batch’s results know more of it, import them: a correction follows by itself.',
  },
];

const general: UnpricedAdvice = {
  kind: 'unknown',
  sentence: 'Open one of them: its panel tells all that is known of it.',
};

export function unpricedAdvice(reason: string): UnpricedAdvice {
  const found = advices.find(({ pattern }) => pattern.test(reason));
  return found ? { kind: found.kind, sentence: found.sentence } : general;
}
