/** `tollkeeper verify`: the ledger's own consistency. Exit 1 when something differs, with a sentence for each. */
import { countUnpriced } from '../ledger/read-unpriced.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { callsInWords, count } from './count-words.ts';
import { demoLabel, writeLine, type ExitCode, type Host } from './host.ts';
import { homeOf, openForReading } from './ledger-reader.ts';

export type VerifyFlags = { readonly home?: string; readonly json?: boolean };

export async function verify(flags: VerifyFlags, host: Host): Promise<ExitCode> {
  const ledger = openForReading(homeOf(flags.home, host));
  const { calls, findings } = ledger ? verifyLedger(ledger.db) : { calls: 0, findings: [] };
  const unpricedCalls = ledger ? countUnpriced(ledger.db) : 0;
  ledger?.db.close();
  if (flags.json) {
    writeLine(
      host.stdout,
      JSON.stringify({ ok: findings.length === 0, isDemo: ledger?.isDemo ?? false, calls, unpricedCalls, findings }),
    );
  } else {
    if (ledger?.isDemo) writeLine(host.stdout, demoLabel);
    for (const { check, sentence } of findings) writeLine(host.stdout, `${check}: ${sentence}`);
    const all = callsInWords(calls, unpricedCalls);
    writeLine(
      host.stdout,
      findings.length === 0 ? `${all}: everything adds up.` : `${all}: ${count(findings.length)} findings.`,
    );
  }
  return findings.length === 0 ? 0 : 1;
}
