/** The rules in force, each as a sentence: for all, the budgets as they are set, then what differs by project. */
import type { LimitsSettingsView } from '../../../shared/contract/limits-settings.ts';
import type { LimitsView } from '../../../shared/contract/limits-view.ts';
import { budgetRules, ceilingRule, contextRule, drainRule, furtherRules, projectRules } from './limits-words.ts';

type RulesInForceProps = {
  readonly rules: LimitsView['rules'];
  /** Null until they are read. */
  readonly settings: LimitsSettingsView | null;
};

export function RulesInForce({ rules, settings }: RulesInForceProps) {
  const own = rules.projects
    .map((project) => ({ project: project.project, sentences: projectRules(project, rules) }))
    .filter(({ sentences }) => sentences.length > 0);
  const setBy = settings?.setBy ?? {};
  return (
    <ul className="ruled max-w-[96ch]">
      <li>
        {contextRule(rules.contextLimitTokens)} <SetBy variable={setBy.contextLimitTokens} />
      </li>
      <li>
        {ceilingRule(rules.callCeilingNanoUsd)} <SetBy variable={setBy.callCeilingUsd} />
      </li>
      {settings === null ? null : <li>{budgetRules(settings.inForce.limits.budgets)}</li>}
      {own.map(({ project, sentences }) => (
        <li key={project}>
          <b className="font-semibold">In {project}:</b> {sentences.join(' ')}
        </li>
      ))}
      {furtherRules(rules).map((sentence) => (
        <li key={sentence} className="text-dim">
          {sentence}
        </li>
      ))}
      {settings === null ? null : (
        <li className="text-dim">
          {drainRule(settings.inForce.drainOnAbort)} <SetBy variable={setBy.drainOnAbort} />
        </li>
      )}
    </ul>
  );
}

function SetBy({ variable }: { readonly variable: string | undefined }) {
  if (variable === undefined) return null;
  return (
    <span className="text-dim">
      Set by <code>{variable}</code>; change it there.
    </span>
  );
}
