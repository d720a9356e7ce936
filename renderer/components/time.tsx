/** The only place that draws instants: in the ledger's zone, with the full instant for a screen reader and a pointer. */
import { useZone } from './zone.tsx';

type Kind = 'second' | 'minute' | 'day' | 'full';

const formats: Readonly<Record<Kind, Intl.DateTimeFormatOptions>> = {
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  minute: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  day: { day: 'numeric', month: 'short' },
  full: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
};

export function formatTime(atMs: number, kind: Kind, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { ...formats[kind], timeZone }).format(atMs);
}

export function Time({ at, kind = 'second' }: { readonly at: number; readonly kind?: Kind }) {
  const zone = useZone();
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={`${formatTime(at, 'full', zone)} ${zone}`}
      className="whitespace-nowrap"
    >
      {formatTime(at, kind, zone)}
    </time>
  );
}

/** "1:12": minutes and seconds between two instants. */
export function Elapsed({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) {
  const seconds = Math.max(0, Math.round((toMs - fromMs) / 1_000));
  return <>{seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}</>;
}
