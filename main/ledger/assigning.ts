/** Assigning calls in a running engine or command: chunk by chunk over the ledger's writer, with the screens told of each. */
import type { AssignAnswer, AssignRequest } from '../../shared/contract/assign.ts';
import { AppError } from '../../shared/contract/errors.ts';
import type { DayChange } from '../../shared/corrections.ts';
import type { CustomerMap } from '../../shared/customer-of.ts';
import type { AssignResult } from './assign.ts';
import type { Ledger } from './open.ts';

/** @throws AppError `not_found` when there is no settled call of that id. */
export type Assigning = (request: AssignRequest) => Promise<AssignAnswer>;

type AssigningOptions = {
  readonly ledger: Pick<Ledger, 'write'>;
  readonly customers: CustomerMap;
  readonly onChanges: (changes: readonly DayChange[]) => void;
};

export function createAssigning({ ledger, customers: map, onChanges }: AssigningOptions): Assigning {
  return async (request) => {
    // As they are in force now. Settings hold more than this, and what goes to the writer's thread is copied.
    const customers: CustomerMap = { customer: map.customer, customers: map.customers };
    const sum = { assigned: 0, already: 0 };
    for (let afterSeq: number | null = 0; afterSeq !== null;) {
      const part: AssignResult = await ledger.write('assign', { ...request, customers, afterSeq });
      if (!part.isKnown)
        throw new AppError(
          'not_found',
          'There is no settled call with this id.',
          'See `tollkeeper export` for the ids; a call on its way can be assigned once it has ended.',
        );
      sum.assigned += part.assigned;
      sum.already += part.already;
      onChanges(part.changes);
      afterSeq = part.lastSeq;
    }
    return sum;
  };
}
