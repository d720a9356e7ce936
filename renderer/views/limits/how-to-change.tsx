/** How the rules are changed: the lines of the settings file as they would stand, and the command for one conversation. */
import { CopyLine } from '../../components/copy-line.tsx';
import { letOnCommand } from '../../../shared/contract/limits.ts';

const example = `"limits": {
  "contextLimitTokens": 150000,
  "callCeilingUsd": 5,
  "budgets": [
    { "of": "team", "per": "month", "usd": 600 },
    { "of": "member", "per": "day", "usd": 20 },
    { "of": "project", "name": "webshop", "per": "month", "usd": 200 }
  ],
  "projects": { "research": { "contextLimitTokens": 300000 } }
}`;

export function HowToChange() {
  return (
    <section aria-labelledby="change" className="mb-7 max-w-[96ch]">
      <h2 id="change" className="mb-1">
        How to change them
      </h2>
      <p className="mb-2">
        In <code>settings.json</code> of the home folder, which <code>tollkeeper serve</code> names when it starts; then
        start Tollkeeper again. A budget without a name is one of that size for each member, project or customer;{' '}
        <code>null</code> in place of a limit is none.
      </p>
      <pre className="framed p-3 text-[13px] leading-normal break-words whitespace-pre-wrap">{example}</pre>
      <p className="mt-4 mb-2">One conversation, from a terminal; its name stands in the answer to its stopped call:</p>
      <CopyLine text={letOnCommand('CONVERSATION')} />
    </section>
  );
}
