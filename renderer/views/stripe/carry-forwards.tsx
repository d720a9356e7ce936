/** What is billed by an invoice item of each customer, and the two ways there: made in Stripe, or put on an invoice by a person who says so. */
import { useState, type ReactNode } from 'react';

import type { CarryForward } from '../../../shared/contract/api.ts';
import { nanoUsdPerCent } from '../../../shared/money.ts';
import { CopyLine } from '../../components/copy-line.tsx';
import { plural } from '../../components/count.tsx';
import { EngineWords } from '../../components/engine-words.tsx';
import { Money } from '../../components/money.tsx';
import { Failed, Notice } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { useCarryForward, useCreateItem } from '../../data/queries.ts';

export function CarryForwards({ carryForwards }: { readonly carryForwards: readonly CarryForward[] }) {
  if (carryForwards.length === 0) return null;
  return (
    <section className="mb-6" aria-labelledby="carry-forwards">
      <h2 id="carry-forwards" className="mb-1">
        For an invoice item · {plural(carryForwards.length, 'customer')}
      </h2>
      <p className="mb-2.5 text-[13px] text-dim">
        Stripe’s meter does not take these any more, or you chose so: too old, past a final invoice, or corrected more
        than a day after they were sent. They are never sent under another date. One item a customer goes on the next
        invoice; less than nothing is a credit.
      </p>
      <ul className="framed divide-y divide-line">
        {carryForwards.map((proposed) => (
          <Proposed key={proposed.customer} proposed={proposed} />
        ))}
      </ul>
    </section>
  );
}

type Question = 'none' | 'create' | 'mark';

function Proposed({ proposed }: { readonly proposed: CarryForward }) {
  const { customer, nanoUsd, calls, correctedCalls, asked } = proposed;
  const [question, setQuestion] = useState<Question>('none');
  const carry = useCarryForward();
  const create = useCreateItem();
  const error = carry.error ?? create.error;
  const isProposed = proposed.events > 0 || correctedCalls > 0;
  const isUnpriced = hasUnpriced(proposed);
  return (
    <li className="px-4 py-3">
      <p className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <span className="font-medium">{customer}</span>
        {isProposed ? (
          <span>
            <b className="font-semibold">
              {isUnpriced ? 'at least ' : ''}
              <Money nano={nanoUsd} decimals={6} />
            </b>{' '}
            <span className="text-dim">of {plural(calls + correctedCalls, 'call')}</span>
          </span>
        ) : null}
      </p>
      {asked === null ? null : (
        <Notice>
          An item of <Money nano={asked.cents * nanoUsdPerCent} decimals={2} /> was asked for at{' '}
          <Time at={asked.atMs} /> and Stripe’s answer is not known. It is looked up by itself, before another is made:{' '}
          <EngineWords text={asked.sentence} />
        </Notice>
      )}
      {isProposed ? <CopyLine text={proposed.sentence} /> : null}
      <Asking
        proposed={proposed}
        question={question}
        onAsk={setQuestion}
        isBusy={carry.isPending || create.isPending}
        onCreate={() => create.mutate({ customer, nanoUsd }, { onSettled: () => setQuestion('none') })}
        onMark={() => carry.mutate({ customer, nanoUsd })}
      />
      <p role="status" className="mt-1.5 text-[13px] text-dim">
        <EngineWords text={create.data?.sentence ?? ''} />
      </p>
      {error ? <Failed error={error} /> : null}
    </li>
  );
}

/** What it comes to is not all known. */
function hasUnpriced({ unpricedEvents, unpricedCorrections }: CarryForward): boolean {
  return unpricedEvents + unpricedCorrections > 0;
}

type AskingProps = {
  readonly proposed: CarryForward;
  readonly question: Question;
  readonly onAsk: (question: Question) => void;
  readonly isBusy: boolean;
  readonly onCreate: () => void;
  readonly onMark: () => void;
};

function Asking({ proposed, question, onAsk, isBusy, onCreate, onMark }: AskingProps) {
  const { cents, nanoUsd, asked } = proposed;
  if (question === 'mark')
    return (
      <Sure words="Yes, mark it" isBusy={isBusy} onYes={onMark} onNo={() => onAsk('none')}>
        It stands on an invoice? It cannot be sent afterwards.
      </Sure>
    );
  if (question === 'create')
    return (
      <Sure words="Yes, make it" isBusy={isBusy} onYes={onCreate} onNo={() => onAsk('none')}>
        An item of{' '}
        <b className="font-semibold">
          <Money nano={(asked?.cents ?? cents) * nanoUsdPerCent} decimals={2} />
        </b>{' '}
        with this text is made in Stripe and goes on the customer’s next invoice
        {asked === null && nanoUsd !== cents * nanoUsdPerCent ? '; what is below a cent stays for the next one' : ''}.
      </Sure>
    );
  return <Ways proposed={proposed} onAsk={onAsk} />;
}

function Ways({ proposed, onAsk }: Pick<AskingProps, 'proposed' | 'onAsk'>) {
  const { cents, asked } = proposed;
  const isNothing = cents === 0 && asked === null;
  const isUnpriced = hasUnpriced(proposed) && asked === null;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-2 text-[13px]">
      <button type="button" className="control" disabled={isNothing || isUnpriced} onClick={() => onAsk('create')}>
        {asked === null ? 'Make the item in Stripe' : 'Look it up now'}
      </button>
      {asked === null ? (
        <button type="button" className="control" onClick={() => onAsk('mark')}>
          Mark as on an invoice
        </button>
      ) : null}
      {isUnpriced ? <span className="text-dim">Calls of it have no price yet, so no item is made of it.</span> : null}
      {isNothing && !isUnpriced ? (
        <span className="text-dim">Less than a cent: it stays with the customer’s next item.</span>
      ) : null}
    </div>
  );
}

type SureProps = {
  readonly words: string;
  readonly isBusy: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly children: ReactNode;
};

function Sure({ words, isBusy, onYes, onNo, children }: SureProps) {
  return (
    <div className="mt-2 flex flex-wrap items-center gap-2 text-[13px]">
      <span className="max-w-[70ch]">{children}</span>
      <button type="button" className="control border-accent! text-accent!" disabled={isBusy} onClick={onYes}>
        {words}
      </button>
      <button type="button" className="control" onClick={onNo}>
        No
      </button>
    </div>
  );
}
