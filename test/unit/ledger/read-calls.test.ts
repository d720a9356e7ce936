/** Pages of calls by every filter, against the same filter written in plain code, over calls that are spread thinly over a year. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { stretchesOf } from '../../../main/ledger/call-stretches.ts';
import { readCalls, readFacets } from '../../../main/ledger/read-calls.ts';
import { callsQuerySchema, type CallRow } from '../../../shared/contract/api.ts';
import { begunCall } from '../../kit/call-rows.ts';
import { openLedgerDb, type LedgerDb } from '../../kit/ledger-db.ts';

const dayMs = 86_400_000;
const firstMs = Date.parse('2025-12-01T00:00:00Z');
const members = ['alice', 'bob', null, 'carol'] as const;
const models = ['claude-sonnet-5-5', 'claude-opus-5'] as const;
let ledger: LedgerDb;
let all: readonly CallRow[];

/** Carol called on three days only; the others every few days, sometimes several times in the same millisecond. */
beforeAll(() => {
  ledger = openLedgerDb();
  for (let index = 0; index < 400; index++) {
    const member = index % 130 === 3 ? 'carol' : (members[index % 3] ?? null);
    const startedAtMs = firstMs + Math.floor(index / 3) * 2.7 * dayMs;
    const begun = begunCall(`call_${index}`, { member, project: `project-${index % 7}`, startedAtMs });
    const more = {
      ...(index % 11 === 0 ? { costNanoUsd: null, unpricedReason: 'unknown', priceBook: null } : {}),
      ...(index % 13 === 0 ? { status: 'failed' as const, costNanoUsd: 0, unpricedReason: null } : {}),
      ...(index % 17 === 0 ? { isEstimated: true } : {}),
      model: models[index % 2] ?? null,
    };
    ledger.settle(begun, undefined, more);
  }
  all = pages({});
});
afterAll(() => ledger.close());

/** Page after page, as the screen reads them. */
function pages(query: object, limit = 200): CallRow[] {
  const rows: CallRow[] = [];
  let cursor: string | undefined;
  do {
    const page = readCalls(ledger.db, callsQuerySchema.parse({ ...query, limit, cursor }));
    expect(page.calls.length).toBeLessThanOrEqual(limit);
    rows.push(...page.calls);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return rows;
}

const dayOf = ({ startedAtMs }: CallRow) => new Date(startedAtMs).toISOString().slice(0, 10);

const filters: readonly (readonly [string, object, (call: CallRow) => boolean])[] = [
  ['none', {}, () => true],
  ['a member', { member: 'alice' }, ({ member }) => member === 'alice'],
  ['a member of few days', { member: 'carol' }, ({ member }) => member === 'carol'],
  ['nobody there is', { member: 'nobody' }, () => false],
  ['no member', { member: '' }, ({ member }) => member === null],
  ['a model', { model: 'claude-opus-5' }, ({ model }) => model === 'claude-opus-5'],
  [
    'a member and a project',
    { member: 'bob', project: 'project-2' },
    ({ member, project }) => member === 'bob' && project === 'project-2',
  ],
  ['failed', { status: 'failed' }, ({ status }) => status === 'failed'],
  ['refused, of which there are none', { status: 'refused' }, ({ status }) => status === 'refused'],
  ['estimated', { status: 'estimated' }, ({ isEstimated }) => isEstimated],
  [
    'unpriced of a member',
    { status: 'unpriced', member: 'bob' },
    ({ member, costNanoUsd }) => costNanoUsd === null && member === 'bob',
  ],
  [
    'some days of a member',
    { member: 'alice', from: '2026-02-01', to: '2026-04-30' },
    (call) => call.member === 'alice' && dayOf(call) >= '2026-02-01' && dayOf(call) <= '2026-04-30',
  ],
];

describe('a page of calls', () => {
  it.each(filters)(
    'by %s: every call of the filter once, the newest first, whatever fits on a page',
    (_name, query, isOf) => {
      const expected = all.filter(isOf).map(({ id }) => id);
      for (const limit of [1, 7, 200]) expect(pages(query, limit).map(({ id }) => id)).toEqual(expected);
    },
  );

  it('by nothing holds all 400 calls in the order of their start', () => {
    expect(all).toHaveLength(400);
    expect(all.map(({ startedAtMs }) => startedAtMs)).toEqual(
      all.map(({ startedAtMs }) => startedAtMs).toSorted((a, b) => b - a),
    );
  });

  it('of a member with three calls is looked for on three days, and of nobody nowhere', () => {
    const stretches = (query: object) => stretchesOf(ledger.db, callsQuerySchema.parse(query), null);
    const carols = all.filter(({ member }) => member === 'carol').map(dayOf);
    expect(stretches({ member: 'carol' })).toMatchObject(carols.map((day) => ({ from: day, to: day })));
    expect(stretches({ member: 'nobody' })).toEqual([]);
    expect(stretches({})).toEqual([{ from: undefined, to: undefined }]);
  });
});

it('the filters offer every name there is, and none for calls without', () => {
  expect(readFacets(ledger.db)).toEqual({
    members: ['alice', 'bob', 'carol'],
    projects: [0, 1, 2, 3, 4, 5, 6].map((index) => `project-${index}`),
    models: [...models].toSorted(),
  });
});
