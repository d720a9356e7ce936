/** Kill -9 under load, ten times: nothing that reached the far side is lost or counted twice. `npm run crash -- --rounds 100` is the same loop. */
import { describe, expect } from 'vitest';

import { fault } from '../kit/fault.ts';
import { crashSummary, runCrash } from './rounds.ts';

describe('engine', () => {
  fault(
    'is killed at a random moment, ten times',
    { client: 'its connection breaks', ledger: 'one row a call; complete where it was seen complete' },
    async () => {
      const result = await runCrash({ rounds: 10, seed: 20_261_126, say: () => {} });
      const { lost, double, notComplete, wrongMoney, findings, unbilledNanoUsd } = result;
      expect({ lost, double, notComplete, wrongMoney, findings, unbilledNanoUsd }, crashSummary(result)).toEqual({
        lost: [],
        double: [],
        notComplete: [],
        wrongMoney: [],
        findings: [],
        unbilledNanoUsd: 0,
      });
      expect(result.reached).toBeGreaterThan(50);
      expect(result.seenComplete).toBeGreaterThan(20);
      return { client: 'its connection breaks', ledger: 'one row a call; complete where it was seen complete' };
    },
  );
});
