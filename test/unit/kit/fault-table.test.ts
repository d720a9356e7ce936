/** The fault matrix in the output of `npm test`. */
import { describe, expect, it } from 'vitest';

import { faultTable } from '../../kit/fault-table.ts';

describe('the fault matrix', () => {
  it('has a row for each fault, marks the failing ones and keeps every row a line', () => {
    const lines = faultTable([
      { name: 'the disk is full', outcome: 'passed', client: 'the whole answer', ledger: 'complete, later' },
      { name: 'no DNS', outcome: 'failed', client: '502 api_error', ledger: 'failed, $0' },
      { name: 'x'.repeat(100), outcome: 'passed', client: '200', ledger: '' },
      { name: 'y'.repeat(100), outcome: 'failed', client: '', ledger: '' },
    ]);

    expect(lines.map((line) => line.replace(/ {2,}/g, ' | ').replace(/-{2,}/g, '-'))).toEqual([
      ' | fault | what the client gets | what the ledger says',
      ' | - | - | -',
      ' | the disk is full | the whole answer | complete, later',
      ' | FAILED no DNS | 502 api_error | failed, $0',
      ` | ${'x'.repeat(71)}… | 200`,
      ` | FAILED ${'y'.repeat(100)}`,
    ]);
  });

  it('is not printed where no fault was tested', () => {
    expect(faultTable([])).toEqual([]);
  });
});
