/**
 * The Stripe meters of a plan: their event names, units and what they count. Pure.
 *
 * Names are stable: the same plan, class and model always make the same name, and different ones never the same, because a meter that exists cannot be
 * renamed and one that is shared would mix two figures. They fit Stripe's 100 characters (facts/stripe.md section 1).
 */
import type { TokenClass } from './call.ts';
import type { Plan } from './contract/plan.ts';
import { textChecksum } from './text-checksum.ts';

/** What a token plan counts: the classes that Anthropic prices. `web_search` counts requests. */
export type MeteredClass = Exclude<TokenClass, 'rounding' | 'imported'>;
export const meterUnits = ['micro_usd', 'token', 'request'] as const;
export type MeterUnit = (typeof meterUnits)[number];

export type PlannedMeter = {
  readonly eventName: string;
  /** At most 250 characters. */
  readonly displayName: string;
  readonly unit: MeterUnit;
  /** Null for the meter of plan `cost`, which counts money. */
  readonly tokenClass: MeteredClass | null;
  /** Null where it counts every model. */
  readonly model: string | null;
};

export const meteredClasses = [
  'input',
  'output',
  'cache_write_5m',
  'cache_write_1h',
  'cache_read',
  'web_search',
] as const satisfies readonly MeteredClass[];

const classWords: Readonly<Record<MeteredClass, string>> = {
  input: 'input tokens',
  output: 'output tokens',
  cache_write_5m: '5-minute cache writes',
  cache_write_1h: '1-hour cache writes',
  cache_read: 'cache reads',
  web_search: 'web searches',
};

export function classInWords(tokenClass: MeteredClass): string {
  return classWords[tokenClass];
}

/** Every meter that the plan can send to. `models` are those that `tokens-by-model` makes meters for; the others have no use for them. */
export function metersOf(plan: Plan, models: readonly string[]): readonly PlannedMeter[] {
  switch (plan.kind) {
    case 'cost':
      return [costMeter(plan)];
    case 'tokens':
      return meteredClasses.map((tokenClass) => tokenMeter(plan, tokenClass, null));
    case 'tokens-by-model':
      return [...new Set(models)].flatMap((model) =>
        meteredClasses.map((tokenClass) => tokenMeter(plan, tokenClass, model)),
      );
  }
}

export function costMeter({ eventName }: Pick<Plan, 'eventName'>): PlannedMeter {
  return { eventName, displayName: 'Claude usage, micro-dollars', unit: 'micro_usd', tokenClass: null, model: null };
}

/** `model` null counts every model. */
export function tokenMeter(
  { eventPrefix }: Pick<Plan, 'eventPrefix'>,
  tokenClass: MeteredClass,
  model: string | null,
): PlannedMeter {
  const words = classWords[tokenClass];
  const name = `${eventPrefix}_${tokenClass}`;
  return {
    eventName: model === null ? name : `${name}_${modelInName(model)}`,
    displayName: model === null ? `Claude ${words}` : `${cut(model, displayModelMax)}: ${words}`,
    unit: tokenClass === 'web_search' ? 'request' : 'token',
    tokenClass,
    model,
  };
}

/** 100 characters less the longest prefix (40) and class (14) with their underscores. */
const modelInNameMax = 44;
const displayModelMax = 200;

/**
 * A model of small letters and digits with single hyphens, as Anthropic's are, is its own name with underscores. Any other one is cut and told apart by
 * a checksum behind two underscores, which no plain name contains.
 */
function modelInName(model: string): string {
  const isPlain = /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(model);
  if (isPlain && model.length <= modelInNameMax) return model.replaceAll('-', '_');
  const checksum = textChecksum(model);
  const readable = model
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
  return `${readable.slice(0, modelInNameMax - checksum.length - 2)}__${checksum}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
