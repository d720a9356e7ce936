/**
 * Whether calls can be sent through the proxy right now: an engine runs on this home folder and holds it, its API answers within a second and its proxy
 * accepts connections. Changes nothing, and never throws: whoever asks goes on either way.
 */
import { statusSchema, type Status } from '../../shared/contract/api.ts';
import { readEngineFile, type EngineFile } from '../system/engine-file.ts';
import { readLockHolder } from '../system/home-lock.ts';
import { accepts } from './accepts.ts';

export type ProxyHealth =
  | { readonly kind: 'healthy'; readonly status: Status; readonly pid: number }
  /** The reason in words that follow "because". */
  | { readonly kind: 'down'; readonly reason: string };

const answerTimeoutMs = 1_000;

export async function proxyHealth(home: string): Promise<ProxyHealth> {
  const engine = readEngineFile(home);
  if (engine === null) return { kind: 'down', reason: 'Tollkeeper does not run' };
  const holder = readLockHolder(home);
  if (holder !== null && holder.pid !== engine.pid)
    return { kind: 'down', reason: `another process (${holder.pid}) holds the home folder` };
  const [status, isAccepting] = await Promise.all([askStatus(engine), accepts(engine.proxyUrl, answerTimeoutMs)]);
  if (status === null) return { kind: 'down', reason: 'Tollkeeper does not answer within a second' };
  if (!isAccepting) return { kind: 'down', reason: 'the proxy accepts no connections' };
  return { kind: 'healthy', status: { ...status, proxyUrl: engine.proxyUrl }, pid: engine.pid };
}

async function askStatus({ dashboardUrl, token }: EngineFile): Promise<Status | null> {
  try {
    const answer = await fetch(`${dashboardUrl}/api/status`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    return answer.ok ? statusSchema.parse(await answer.json()) : null;
  } catch {
    // Nobody listens there, it hangs, or what answers is another program: all the same to whoever asks.
    return null;
  }
}
