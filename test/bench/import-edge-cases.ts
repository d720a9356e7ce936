/**
 * Transcripts in which every rule that meters differ on happens once, each with a model of its own, so that a difference between two totals is one rule's.
 * Lines as Claude Code writes them; the counts are made up.
 */
type Case = {
  readonly model: string;
  readonly at?: string;
  /** Under further request ids: somebody answered again from a cache. */
  readonly requests?: readonly string[];
  readonly usage: object;
};

const usage = {
  input_tokens: 1_000,
  cache_creation_input_tokens: 5_000,
  cache_read_input_tokens: 20_000,
  cache_creation: { ephemeral_5m_input_tokens: 2_000, ephemeral_1h_input_tokens: 3_000 },
  output_tokens: 5_000,
  service_tier: 'standard',
};
const passes = [
  { type: 'compaction', input_tokens: 50_000, output_tokens: 2_000 },
  { type: 'message', ...usage },
];

const cases: readonly Case[] = [
  { model: 'claude-fable-5-2', usage },
  { model: 'claude-opus-5-5', usage },
  { model: 'claude-sonnet-5-5', usage },
  { model: 'claude-haiku-5-5', usage: { ...usage, cache_read_input_tokens: 200_000 } },
  { model: 'claude-opus-5', usage: { ...usage, iterations: passes } },
  { model: 'claude-haiku-4-5-20251001', usage: { ...usage, server_tool_use: { web_search_requests: 3 } } },
  { model: 'claude-sonnet-4-6', usage: { ...usage, inference_geo: 'us' } },
  { model: 'claude-sonnet-4-5-20250929', at: '2026-02-20', usage: { ...usage, input_tokens: 300_000 } },
  { model: 'claude-opus-4-6', usage, requests: ['req_011first', 'req_011again'] },
  { model: 'claude-opus-4-8', usage: { ...usage, speed: 'fast' } },
  { model: 'claude-sonnet-5', usage },
  { model: '<synthetic>', usage: { input_tokens: 0, output_tokens: 0 } },
];

/** One session, a line for each block of a message: the first with the placeholder of its output. */
export function edgeLines(): string[] {
  return cases.flatMap(({ model, at = '2026-11-20', requests = [`req_011${model}`], usage: final }, index) =>
    requests.flatMap((requestId) =>
      [{ ...final, output_tokens: 1 }, final].map((state, block) =>
        JSON.stringify({
          timestamp: `${at}T10:${String(index).padStart(2, '0')}:0${block}.000Z`,
          sessionId: 'edge',
          requestId,
          isSidechain: false,
          type: 'assistant',
          version: '2.1.40',
          uuid: `${requestId}-${block}`,
          message: {
            id: `msg_01Edge${index}`,
            model,
            stop_reason: null,
            type: 'message',
            role: 'assistant',
            usage: state,
            content: [],
          },
          cwd: '/home/dev/edge',
        }),
      ),
    ),
  );
}
