/** The list of calls: dense, aligned, by keyboard too. Only the rows in sight are drawn, so that ten thousand are as quick as ten. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, type KeyboardEvent } from 'react';

import type { CallRow } from '../../../shared/contract/api.ts';
import { shortModelName } from '../../../shared/plain-words.ts';
import { CallState } from '../../components/call-tags.tsx';
import { NumberCell } from '../../components/count.tsx';
import { CallMoney } from '../../components/money.tsx';
import { Time } from '../../components/time.tsx';
import { Who } from '../../components/who.tsx';

const rowHeightPx = 32;
/** Below this many rows there is nothing to save. */
const virtualFrom = 200;

const titles = [
  'Time',
  'Who · what for',
  'Client',
  'Model',
  'Input, tokens',
  'Cache write',
  'Cache read',
  'Output',
  'Cost',
  'State',
];
const numbersFrom = 4;
/** The one column that the panel has as well, given up where there is no room for it. */
const clientColumn = 'min-[721px]:max-[1400px]:hidden';

/** Rows before the last drawn one at which the next are asked for, so that scrolling does not run into an end. */
const readAhead = 60;

type CallsTableProps = {
  readonly calls: readonly CallRow[];
  readonly open: (call: CallRow) => void;
  /** The end of a long list is near; null where there is nothing behind it. */
  readonly onNearEnd: (() => void) | null;
};

export function CallsTable({ calls, open, onNearEnd }: CallsTableProps) {
  const frame = useRef<HTMLDivElement>(null);
  const isVirtual = calls.length > virtualFrom;
  const virtual = useVirtualizer({
    count: isVirtual ? calls.length : 0,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeightPx,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  const isNearEnd = last !== undefined && last.index >= calls.length - readAhead;
  useEffect(() => {
    if (isNearEnd) onNearEnd?.();
  }, [isNearEnd, onNearEnd]);
  const shown = isVirtual ? items.map(({ index }) => index) : calls.map((_, index) => index);
  return (
    <div ref={frame} className={`framed ${isVirtual ? 'max-h-[70vh] overflow-y-auto' : ''}`}>
      <table className="table stacks" aria-rowcount={calls.length + 1}>
        <caption className="sr-only">Settled calls, newest first. Enter opens one.</caption>
        <thead
          className={isVirtual ? 'min-[721px]:sticky min-[721px]:top-0 min-[721px]:z-1 min-[721px]:bg-surface' : ''}
        >
          <tr>
            {titles.map((title, index) => (
              <th
                key={title}
                scope="col"
                className={
                  title === 'Client' ? clientColumn : index >= numbersFrom && title !== 'State' ? 'number' : ''
                }
              >
                {title === 'State' ? <span className="sr-only">State</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first ? <Spacer heightPx={first.start} /> : null}
          {shown.map((index) => {
            const call = calls[index];
            return call ? (
              <Row key={call.id} call={call} open={open} index={index} measure={virtual.measureElement} />
            ) : null;
          })}
          {last ? <Spacer heightPx={virtual.getTotalSize() - last.end} /> : null}
        </tbody>
      </table>
    </div>
  );
}

/** Holds the place of the rows that are not drawn. */
function Spacer({ heightPx }: { readonly heightPx: number }) {
  return heightPx <= 0 ? null : <tr aria-hidden="true" style={{ height: heightPx, padding: 0 }} />;
}

type RowProps = {
  readonly call: CallRow;
  readonly open: (call: CallRow) => void;
  readonly index: number;
  /** Narrow rows are lists of many lines, each of another height. */
  readonly measure: (row: Element | null) => void;
};

function Row({ call, open, index, measure }: RowProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLTableRowElement>) => {
    if (event.key === 'Enter') {
      // Else the same key press would go on to the panel and close it.
      event.preventDefault();
      open(call);
    }
    const rows = {
      ArrowDown: event.currentTarget.nextElementSibling,
      ArrowUp: event.currentTarget.previousElementSibling,
    };
    const next = event.key === 'ArrowDown' || event.key === 'ArrowUp' ? rows[event.key] : null;
    if (!(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <tr
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      tabIndex={0}
      className="cursor-pointer hover:bg-sunk/50"
      onClick={() => open(call)}
      onKeyDown={onKeyDown}
    >
      <td data-label="Time">
        <Time at={call.startedAtMs} kind="full" />
      </td>
      <td data-label="Who · what for" className="min-[721px]:max-w-[26ch] min-[721px]:truncate">
        <Who member={call.member} project={call.project} />
      </td>
      <td data-label="Client" className={`text-dim ${clientColumn}`}>
        {call.client ?? '–'}
      </td>
      <td data-label="Model">{shortModelName(call.model ?? call.requestedModel ?? '–')}</td>
      <NumberCell label="Input" value={call.inputTokens} />
      <NumberCell label="Cache write" value={call.cacheWrite5mTokens + call.cacheWrite1hTokens} />
      <NumberCell label="Cache read" value={call.cacheReadTokens} />
      <NumberCell label="Output" value={call.outputTokens} />
      <NumberCell label="Cost" value={call.costNanoUsd}>
        <CallMoney nano={call.costNanoUsd} />
      </NumberCell>
      <td>
        <CallState call={call} isNarrow />
      </td>
    </tr>
  );
}
