/**
 * What Anthropic bills and no proxy can know, in sentences for a terminal and a screen. These amounts are in no figure of Tollkeeper;
 * a difference between its ledger and an invoice is looked for here first. Source: facts/anthropic.md section 4.
 */
export type NotMetered = {
  readonly id: 'code_execution' | 'managed_agents' | 'priority_tier' | 'cloud_regions' | 'contract_discounts';
  readonly sentence: string;
  readonly source: string;
};

const pricingPage = 'platform.claude.com/docs/en/about-claude/pricing (2026-08-22)';

export const notMetered: readonly NotMetered[] = [
  {
    id: 'code_execution',
    sentence:
      'Code execution: $0.05 per container hour, at least 5 minutes each, after 1,550 free hours a month for an organization; no answer tells the hours.',
    source: pricingPage,
  },
  {
    id: 'managed_agents',
    sentence: 'Managed Agents: $0.08 per session hour, beside their tokens; no answer tells the hours.',
    source: pricingPage,
  },
  {
    id: 'priority_tier',
    sentence: 'Priority tier: priced by contract; its calls are shown as unpriced.',
    source: pricingPage,
  },
  {
    id: 'cloud_regions',
    sentence:
      'Amazon Bedrock and Google Cloud: regional and multi-region endpoints cost 10 % more for Claude 4.5 and later; the prices here are those of api.anthropic.com.',
    source: pricingPage,
  },
  {
    id: 'contract_discounts',
    sentence: 'Discounts by contract: the prices here are list prices; a price file of your own can hold yours.',
    source: 'usage of the Messages API (@anthropic-ai/sdk 1.12.0): no field tells a discount',
  },
];
