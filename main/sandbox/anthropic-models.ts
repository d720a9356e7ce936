/** `GET /v1/models` and `/v1/models/{id}`: the models of the price book in the shape of the Models API, paged by cursor. Pure. */
import { currentBook } from '../../shared/pricing/current-book.ts';
import type { ModelPrices } from '../../shared/pricing/price-book.ts';
import { shortModelName } from '../../shared/plain-words.ts';
import type { WireObject } from '../../shared/usage.ts';

const pageSizeDefault = 20;
const pageSizeMax = 1_000;
const lines = ['haiku', 'sonnet', 'opus', 'fable', 'mythos'] as const;

export function modelPage(query: URLSearchParams): WireObject {
  const asked = Number(query.get('limit') ?? pageSizeDefault);
  const size = Number.isSafeInteger(asked) ? Math.min(pageSizeMax, Math.max(1, asked)) : pageSizeDefault;
  const ids = currentBook.models.map(({ id }) => id);
  const first = ids.indexOf(query.get('after_id') ?? '') + 1;
  const page = currentBook.models.slice(first, first + size);
  return {
    data: page.map(modelInfo),
    has_more: first + page.length < ids.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

export function modelById(id: string): WireObject | null {
  const model = currentBook.find(id);
  return model && modelInfo(model);
}

/** What the book does not know is null, as the API answers what does not apply. */
function modelInfo({ id, contextWindowTokens, maxOutputTokens }: ModelPrices): WireObject {
  return {
    type: 'model',
    id,
    display_name: `Claude ${shortModelName(id)}`,
    created_at: '2026-01-01T00:00:00Z',
    capabilities: null,
    deprecated_at: null,
    lifecycle: 'active',
    line: lines.find((line) => id.includes(line)) ?? null,
    max_input_tokens: contextWindowTokens,
    max_tokens: maxOutputTokens,
    retires_at: null,
  };
}
